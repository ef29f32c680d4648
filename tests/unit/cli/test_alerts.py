"""`tocsin alerts explain`: why people were notified, or were not, in sentences."""

from typing import Any

from services.cli.alerts import explanation


def row(sequence: int | None, step: str, code: str, reason: str, **changes: Any) -> dict[str, Any]:
    values = {
        "sequence": sequence,
        "at": f"2026-03-0{sequence or 9}T10:00:00Z",
        "state": "WATCH",
        "step": step,
        "code": code,
        "reason": reason,
        "rule_id": None,
        "alert_id": None,
    }
    return {**values, **changes}


OPENED = [
    row(2, "NOTIFY", "STATE_TIGHTENED", "state NORMAL to WATCH", alert_id="a-1"),
    row(2, "ROUTE", "ROUTED", "officer o-7 by the route “own”", rule_id="own"),
]
FIRST = row(1, "INHIBIT", "NORMAL_STATE", "R-01 red: in a normal state")


def test_a_notice_is_explained_with_its_route() -> None:
    assert explanation("b-1", [*OPENED, FIRST]) == [
        "b-1, 2026-03-02T10:00:00Z, on assessment 2, state WATCH:",
        "People were notified (alert a-1): state NORMAL to WATCH",
        "  ROUTE ROUTED [own]: officer o-7 by the route “own”",
        "  NOTIFY STATE_TIGHTENED: state NORMAL to WATCH",
    ]


def test_silence_is_explained_with_the_last_notice() -> None:
    silenced = row(3, "SILENCE", "SILENCED", "R-02 red: silenced by ana", rule_id="s-1")
    assert explanation("b-1", [silenced, *OPENED, FIRST]) == [
        "b-1, 2026-03-03T10:00:00Z, on assessment 3, state WATCH:",
        "Nobody was notified: R-02 red: silenced by ana",
        "  SILENCE SILENCED [s-1]: R-02 red: silenced by ana",
        "The last notice before: 2026-03-02T10:00:00Z, state NORMAL to WATCH",
    ]


def test_a_borrower_of_whom_nobody_was_ever_notified() -> None:
    assert explanation("b-1", [FIRST])[-1] == "There was no notice before."
    assert explanation("b-1", []) == ["Nothing was decided about b-1 up to then."]


def test_a_reminder_has_no_assessment() -> None:
    reminded = row(None, "REMIND", "REMINDED", "not acknowledged", alert_id="a-1")
    assert explanation("b-1", [reminded, *OPENED])[:2] == [
        "b-1, 2026-03-09T10:00:00Z, without an assessment:",
        "People were notified (alert a-1): not acknowledged",
    ]
