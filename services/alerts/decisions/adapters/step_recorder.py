"""Records steps of alerts and data incidents: rows, history, outbox events, what subscribers add.

The consumer calls it inside its fenced transaction, a person's step inside its own; it never
commits. The caller has locked the borrowers' rows, so the steps of one borrower get their positions
in the feed in the order of their versions.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from services.alerts.decisions.adapters import alert_rows
from services.alerts.decisions.adapters.assessment_words import incident_headlines
from services.alerts.decisions.domain.alert import SYSTEM, Alert, AlertChange
from services.alerts.decisions.domain.data_incident import DataIncident
from services.alerts.decisions.domain.event_document import event_document, incident_document
from services.alerts.primitives.vocabulary import AlertEventKind, Severity
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
    "as_of",
    "headline",
    "texts",
    "news",
    "score",
    "reasons",
    "deadlines",
    "outcome_code",
)

# What the contract has of the details of a step.
_DETAILS = ("comment", "level", "round", "until", "reason", "url", "sha256", "title", "undone")

FeedStep = AlertChange | DataIncident
FeedChange = tuple[int, "RecordedStep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """A step as the feed, the outbox and deliveries read it; `rank` is its severity.

    `alert_id` is the id of the incident where the step is one of a data incident.
    """

    event_id: str
    kind: AlertEventKind
    alert_id: str
    borrower_id: str
    version: int
    at: datetime
    actor: str
    why: str
    owner_id: str
    officer_id: str | None
    segment: str | None
    branch_id: str | None
    rank: int
    document: Mapping[str, Any]
    data: Mapping[str, Any]


_EVENT_COLUMNS = (
    "event_id",
    "kind",
    "alert_id",
    "borrower_id",
    "version",
    "at",
    "actor",
    "why",
    "owner_id",
    "officer_id",
    "document",
)
WRITE_ALERTS = f"""
INSERT INTO alerts.alert ({", ".join(alert_rows.COLUMNS)})
SELECT {alert_rows.columns("new")}
  FROM json_populate_recordset(null::alerts.alert, $1) AS new
ON CONFLICT (alert_id) DO UPDATE
   SET ({", ".join(alert_rows.COLUMNS)}) = ({alert_rows.columns("excluded")})
"""
ADVANCE_FEED = "UPDATE alerts.feed SET last_id = last_id + $1 RETURNING last_id - $1"
WRITE_EVENTS = f"""
INSERT INTO alerts.alert_event (feed_id, {", ".join(_EVENT_COLUMNS)}, recorded_at)
SELECT feed_id, {", ".join(_EVENT_COLUMNS)}, $2
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
        changes: Sequence[tuple[int, FeedStep]],
        *,
        recorded_at: datetime,
        refreshed: Sequence[Alert] = (),
    ) -> None:
        """Writes changes, each with the partition of its borrower, in the order given.

        `refreshed` are open alerts as they are after all changes, with newer figures and no step.
        """
        newest = [*last([change for _, change in changes]), *refreshed]
        alerts = {alert.alert_id: alert for alert in newest}
        if alerts:
            rows = [alert_rows.to_row(alert) for alert in alerts.values()]
            await connection.execute(WRITE_ALERTS, _json(rows))
        if not changes:
            return
        steps = [(partition, recorded_step(change)) for partition, change in changes]
        for partition in sorted({partition for partition, _ in steps}):
            messages = [
                message(step, topic=self._topic)
                for borrower_partition, step in steps
                if borrower_partition == partition
            ]
            await self._outbox.append(connection, messages, partition=partition)
        # The row of the feed is locked from here to the commit, so this comes last.
        before = await connection.fetchval(ADVANCE_FEED, len(steps))
        events = [(before + number, step) for number, (_, step) in enumerate(steps, 1)]
        await connection.execute(
            WRITE_EVENTS, _json([_event(*event) for event in events]), recorded_at
        )
        await self._subscriber.recorded(connection, events)


def last(changes: Sequence[FeedStep]) -> list[Alert]:
    """Returns each alert once, as it is after all changes, the closed ones first.

    The next alert of a borrower may only be written once the one before is closed.
    """
    newest: dict[str, Alert] = {
        change.alert.alert_id: change.alert for change in changes if isinstance(change, AlertChange)
    }
    return sorted(newest.values(), key=lambda alert: alert.is_open)


def recorded_step(change: FeedStep) -> RecordedStep:
    """Returns a step as it is recorded."""
    if isinstance(change, DataIncident):
        return _incident_step(change)
    alert, document = change.alert, event_document(change)
    return RecordedStep(
        event_id=change.event_id,
        kind=change.kind,
        alert_id=alert.alert_id,
        borrower_id=alert.borrower_id,
        version=alert.version,
        at=change.at,
        actor=change.actor,
        why=change.why,
        owner_id=alert.owner.id,
        officer_id=alert.officer_id,
        segment=alert.segment,
        branch_id=alert.branch_id,
        rank=alert.severity.rank,
        document=document,
        data=_contract_data(change, document),
    )


def _incident_step(incident: DataIncident) -> RecordedStep:
    headlines = incident_headlines(incident)
    document = incident_document(incident, headlines)
    names = ("incident_id", "borrower_id", "since", "state", "headline", "alert_id")
    data = {name: document[name] for name in names}
    data |= {"owner_id": incident.owner.id, "texts": headlines}
    if incident.ended_at is not None:
        data["ended_at"] = document["ended_at"]
    return RecordedStep(
        event_id=incident.event_id,
        kind=incident.kind,
        alert_id=incident.incident_id,
        borrower_id=incident.borrower_id,
        version=incident.version,
        at=incident.at,
        actor=SYSTEM,
        why=document["headline"],
        owner_id=incident.owner.id,
        officer_id=incident.officer_id,
        segment=incident.segment,
        branch_id=incident.branch_id,
        # However mild the state, no endpoint may miss that warnings stop.
        rank=Severity.HARD.rank,
        document=document,
        data=data,
    )


def _event(feed_id: int, step: RecordedStep) -> Mapping[str, object]:
    return {"feed_id": feed_id, **{name: getattr(step, name) for name in _EVENT_COLUMNS}}


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return msgspec.json.encode(rows).decode("utf-8")


def message(step: RecordedStep, *, topic: str) -> Message:
    """Returns the message of a step; its event id makes a repetition recognisable."""
    event = CloudEvent(
        id=step.event_id,
        source=SOURCE,
        type=step.kind.value,
        subject=step.borrower_id,
        time=step.at,
        datacontenttype="application/json",
        data=step.data,
    )
    return Message(
        topic=topic,
        key=step.borrower_id.encode("utf-8"),
        value=encode_event(event),
        headers=_HEADERS,
    )


def _contract_data(change: AlertChange, document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the `data` of the event as the contract defines it, of the document of the step."""
    second = document["second_owner"]
    data = {name: document[name] for name in _CONTRACT_FIELDS}
    data["actions"] = [
        {name: value for name, value in action.items() if name != "due_at"}
        for action in document["actions"]
    ]
    data["owner_id"] = document["owner"]["id"]
    data["second_owner_id"] = None if second is None else second["id"]
    data["actor"] = None if change.actor == SYSTEM else _identifier(change.actor)
    data |= {name: change.details[name] for name in _DETAILS if name in change.details}
    recipients = change.details.get("recipients")
    if isinstance(recipients, tuple):
        data["recipients"] = [_identifier(name) for name in recipients]
    return data


def _identifier(name: str) -> str:
    """Returns a name as an identifier of the contract: visible ASCII, no space."""
    return re.sub(r"[^!-~]", "_", name)[:128] or "_"
