"""Writes a step of an alert as a CloudEvent for the alerts topic.

The id consists of the alert and its version, so a step that is relayed twice is recognised as one.
"""

import re
from typing import Any

from services.alerts.decisions.domain.alert import AlertChange
from services.alerts.decisions.domain.decision import SYSTEM
from services.alerts.decisions.domain.event_document import event_document
from services.contracts.envelope import CONTENT_TYPE, CloudEvent, encode_event
from services.kit.stream.outbox import Message

SOURCE = "tocsin/alerts"
_HEADERS = (("content-type", CONTENT_TYPE.encode("ascii")),)
_CONTRACT_FIELDS = (
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


def message(change: AlertChange, *, topic: str) -> Message:
    """Returns the message of a step."""
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


def contract_data(change: AlertChange) -> dict[str, Any]:
    """Returns the `data` of the event as the contract defines it."""
    document = event_document(change)
    second = document["second_owner"]
    data = {name: document[name] for name in _CONTRACT_FIELDS}
    data["actions"] = [
        {name: value for name, value in action.items() if name != "due_at"}
        for action in document["actions"]
    ]
    data["owner_id"] = document["owner"]["id"]
    data["second_owner_id"] = None if second is None else second["id"]
    data["actor"] = None if change.actor == SYSTEM else _identifier(change.actor)
    if "comment" in change.details:
        data["comment"] = change.details["comment"]
    return data


def _identifier(name: str) -> str:
    """Returns a name as an identifier of the contract: visible ASCII, no space."""
    return re.sub(r"[^!-~]", "_", name)[:128] or "_"
