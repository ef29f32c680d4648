"""Records steps of alerts in batches: alert rows, history, outbox events and what subscribers add.

The consumer calls it inside its fenced transaction, a person's step inside its own; it never
commits. The caller has locked the borrowers' rows, so the steps of one borrower get their positions
in the feed in the order of their versions.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.decision import SYSTEM
from services.alerts.decisions.domain.event_document import event_document
from services.contracts.envelope import CONTENT_TYPE, CloudEvent, encode_event
from services.kit.database import Connection
from services.kit.stream.outbox import Message, Outbox

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
    "texts",
    "news",
    "score",
    "reasons",
    "deadlines",
    "outcome_code",
)

FeedChange = tuple[int, AlertChange]

WRITE_ALERTS = f"""
INSERT INTO alerts.alert ({", ".join(alert_rows.COLUMNS)})
SELECT {alert_rows.columns("new")}
  FROM json_populate_recordset(null::alerts.alert, $1) AS new
ON CONFLICT (alert_id) DO UPDATE
   SET ({", ".join(alert_rows.COLUMNS)}) = ({alert_rows.columns("excluded")})
"""
ADVANCE_FEED = "UPDATE alerts.feed SET last_id = last_id + $1 RETURNING last_id - $1"
WRITE_EVENTS = """
INSERT INTO alerts.alert_event (feed_id, event_id, kind, alert_id, borrower_id, version, at,
                                actor, why, owner_id, officer_id, document, recorded_at)
SELECT feed_id, event_id, kind, alert_id, borrower_id, version, at, actor, why, owner_id,
       officer_id, document, $2
  FROM json_populate_recordset(null::alerts.alert_event, $1)
"""


class EventSubscriber(Protocol):
    """Receives the steps that a transaction records, and writes in the same transaction."""

    async def recorded(self, connection: Connection, changes: Sequence[FeedChange]) -> None: ...


class StepRecorder:
    """Writes changes inside the transaction of the caller."""

    def __init__(self, *, outbox: Outbox, alerts_topic: str, subscriber: EventSubscriber) -> None:
        self._outbox = outbox
        self._topic = alerts_topic
        self._subscriber = subscriber

    async def record(
        self,
        connection: Connection,
        changes: Sequence[tuple[int, AlertChange]],
        *,
        recorded_at: datetime,
    ) -> None:
        """Writes changes, each with the partition of its borrower, in the order given."""
        if not changes:
            return
        alerts = [alert_rows.to_row(alert) for alert in last(changes)]
        await connection.execute(WRITE_ALERTS, _json(alerts))
        for partition in sorted({partition for partition, _ in changes}):
            messages = [
                message(change, topic=self._topic)
                for borrower_partition, change in changes
                if borrower_partition == partition
            ]
            await self._outbox.append(connection, messages, partition=partition)
        # The row of the feed is locked from here to the commit, so this comes last.
        before = await connection.fetchval(ADVANCE_FEED, len(changes))
        events = [(before + number, change) for number, (_, change) in enumerate(changes, 1)]
        await connection.execute(
            WRITE_EVENTS, _json([_event(*event) for event in events]), recorded_at
        )
        await self._subscriber.recorded(connection, events)


def last(changes: Sequence[tuple[int, AlertChange]]) -> list[Alert]:
    """Returns each alert once, as it is after all changes, the closed ones first.

    The next alert of a borrower may only be written once the one before is closed.
    """
    newest: dict[str, Alert] = {change.alert.alert_id: change.alert for _, change in changes}
    return sorted(newest.values(), key=lambda alert: alert.is_open)


def _event(feed_id: int, change: AlertChange) -> Mapping[str, object]:
    alert = change.alert
    return {
        "feed_id": feed_id,
        "event_id": change.event_id,
        "kind": change.kind.value,
        "alert_id": alert.alert_id,
        "borrower_id": alert.borrower_id,
        "version": alert.version,
        "at": change.at,
        "actor": change.actor,
        "why": change.why,
        "owner_id": alert.owner.id,
        "officer_id": alert.officer_id,
        "document": event_document(change),
    }


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(rows).decode("utf-8")


def message(change: AlertChange, *, topic: str) -> Message:
    """Returns the message of a step; its event id makes a repetition recognisable."""
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
