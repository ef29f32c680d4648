"""An alert's step as a CloudEvent for the alerts topic.

The id follows from the alert and its version, so a step that is relayed twice is recognised
as one.
"""

import re
from typing import Any

from services.alerts.decisions.domain.alert import Change
from services.alerts.decisions.domain.alerting import SYSTEM
from services.alerts.decisions.domain.event_document import event_document
from services.contracts.envelope import CONTENT_TYPE, CloudEvent, encode_event
from services.kit.stream.outbox import Message

SOURCE = "tocsin/alerts"
_HEADERS = (("content-type", CONTENT_TYPE.encode("ascii")),)
_OF_THE_CONTRACT = (
    "alert_id",
    "version",
    "borrower_id",
    "alert_type",
    "severity",
    "status",
    "state",
    "from_state",
    "headline",
    "score",
    "reasons",
    "deadlines",
    "outcome_code",
)


def message(change: Change, *, topic: str) -> Message:
    """Return the message that tells other systems of a step."""
    event = CloudEvent(
        id=change.event_id,
        source=SOURCE,
        type=change.kind.value,
        subject=change.alert.borrower_id,
        time=change.at,
        datacontenttype="application/json",
        data=contract_data(change),
    )
    return Message(
        topic=topic,
        key=change.alert.borrower_id.encode("utf-8"),
        value=encode_event(event),
        headers=_HEADERS,
    )


def contract_data(change: Change) -> dict[str, Any]:
    """Return the `data` of the event, as the contract has it."""
    document = event_document(change)
    second = document["second_owner"]
    data = {name: document[name] for name in _OF_THE_CONTRACT}
    data["actions"] = [_without(action, "due_at") for action in document["actions"]]
    data["owner_id"] = document["owner"]["id"]
    data["second_owner_id"] = None if second is None else second["id"]
    data["actor"] = None if change.actor == SYSTEM else _identifier(change.actor)
    if "comment" in change.details:
        data["comment"] = change.details["comment"]
    return data


def _identifier(name: str) -> str:
    """Return a person's name as the contract's identifiers are: visible ASCII, no space."""
    return re.sub(r"[^!-~]", "_", name)[:128] or "_"


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
