"""Hides other customers from readers without rights on them: who they are, and in which state.

Applied to the JSON of an assessment before it is shown to somebody who sees own customers only.
"""

from collections.abc import Mapping
from typing import Any, Final

PARTY: Final = "PARTY"
CONNECTED_PARTY: Final = {"kind": PARTY, "id": "connected-party", "evidence_event_ids": []}


def without_parties(assessment: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an assessment that names no other customer and no state of one."""
    hidden = dict(assessment)
    for name in ("contributors", "state_tests"):
        if name in assessment:
            hidden[name] = [_without_parties(item) for item in assessment[name]]
    return hidden


def _without_parties(item: Mapping[str, Any]) -> dict[str, Any]:
    subjects = item.get("subjects") or []
    if all(subject["kind"] != PARTY for subject in subjects):
        return dict(item)
    shown = [CONNECTED_PARTY if each["kind"] == PARTY else each for each in subjects]
    # The evidence of a party's trouble is an event that states it.
    return {**item, "subjects": shown, "evidence_event_ids": []}
