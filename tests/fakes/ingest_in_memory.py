"""Ingest without servers: its ports, implemented with lists and dictionaries.

`tests/integration/ingest` runs the same steps on the real servers.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from services.contracts.control import DayClosedV1, FxPublishedV1
from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData
from services.contracts.validation import ValidEvent
from services.ingest.adapters.account_table import AccountTable
from services.ingest.adapters.control_approval import ControlEventApproval
from services.ingest.adapters.kafka_event_publisher import KafkaEventPublisher
from services.ingest.adapters.mapping.loader import load_mappings
from services.ingest.adapters.mapping.mapper import Mapper
from services.ingest.application.accounts import AccountImport
from services.ingest.application.control_gate import ControlGate
from services.ingest.application.errors import QuarantineFull, Unavailable
from services.ingest.application.history_loads import HistoryLoad, HistoryLoads
from services.ingest.application.identity import AccountStores, EventIdentity
from services.ingest.application.input_validation import InputValidator
from services.ingest.application.inputs import Input, InputChannel, QuarantinedInput, Status
from services.ingest.application.intake import Intake
from services.ingest.application.intake_log import LogRecord
from services.ingest.application.ports import (
    AccountLookup,
    EntryCount,
    EntryFilters,
    EntrySettlement,
    FullEntry,
    LockedEntry,
    QuarantineEntry,
)
from services.ingest.application.quarantine import QuarantineService
from services.ingest.application.release import Release
from services.ingest.application.time_gate import LoadsReading, TimeGate
from services.ingest.domain.account_log import AccountAssignment
from services.ingest.domain.day_closes import DayCloseRules
from services.ingest.domain.exchange_rates import KnownRates
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.ingest.domain.time_guard import OpenLoad, TimeGuard
from services.ingest.entrypoints.http import create_app
from services.ingest.metrics import INGEST_CATALOGUE
from services.ingest.settings import SHIPPED_MAPPINGS, IngestSettings
from services.ingest.wiring import Ingest
from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.http.limits import RequestLimits
from services.kit.metrics import Metrics
from tests.fakes.approvals_in_memory import approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.fakes.wire_events import written

CONTROL_TYPES = ("calendar.published", "day.closed", "fx.published", "sector-stress.published")
EVENING = datetime(2026, 3, 31, 18, tzinfo=UTC)
TIMEZONE = ZoneInfo("Europe/Berlin")


@cache
def demo_mappings() -> Mapping[str, Mapper]:
    """Returns the shipped mappings, read once."""
    return load_mappings(SHIPPED_MAPPINGS, timezone=TIMEZONE)


@dataclass
class MemoryPublisher:
    """A topic that is a list; `is_down` makes it answer nothing."""

    sent: list[CloudEvent[EventData]] = field(default_factory=list)
    is_down: bool = False

    async def publish(self, events: Sequence[ValidEvent]) -> None:
        if self.is_down and events:
            raise Unavailable("the broker")
        self.sent += [valid.event for valid in events]

    @property
    def ids(self) -> list[str]:
        return [event.id for event in self.sent]


@dataclass
class MemoryControlLog:
    """The control events that were taken."""

    closes: list[date] = field(default_factory=list)
    rates: dict[tuple[str, str, date], Decimal] = field(default_factory=dict)

    async def last_close(self, *, today: date) -> date | None:
        return max((closed for closed in self.closes if closed <= today), default=None)

    async def known_rates(
        self, base_currency: str, currencies: Sequence[str], *, day: date
    ) -> KnownRates:
        days = {
            currency: sorted(
                (
                    known
                    for base, name, known in self.rates
                    if (base, name) == (base_currency, currency)
                ),
                key=lambda known: (known >= day, abs(known - day)),
            )
            for currency in currencies
        }
        return KnownRates(
            bases=frozenset(base for base, _, _ in self.rates),
            near={
                currency: self.rates[base_currency, currency, known[0]]
                for currency, known in days.items()
                if known
            },
        )

    async def record(self, event: CloudEvent[EventData], *, at: datetime) -> None:
        data = event.data
        if isinstance(data, DayClosedV1):
            self.closes.append(data.closed_date)
        elif isinstance(data, FxPublishedV1):
            day = data.rate_date
            for each in data.rates:
                self.rates[data.base_currency, each.currency, day] = Decimal(each.rate)


@dataclass
class MemoryIdentities:
    """The first identity of each event, in a dictionary."""

    stored: dict[tuple[str, str], EventIdentity] = field(default_factory=dict)

    async def first(self, identities: Sequence[EventIdentity]) -> Sequence[EventIdentity]:
        return [self.stored.setdefault(each[:2], each) for each in identities]


@dataclass
class MemoryIntakeLog:
    """The intake log, in a list."""

    records: list[LogRecord] = field(default_factory=list)
    is_down: bool = False

    async def append(self, records: Sequence[LogRecord]) -> None:
        if self.is_down and records:
            raise Unavailable("the broker")
        self.records += records


@dataclass
class MemoryHistoryLoads:
    """The loads of history, in a list, with a database's clock that may differ."""

    clock: ManualClock
    closes: MemoryControlLog
    stored: list[HistoryLoad] = field(default_factory=list)
    seconds_apart: float = 0.0
    is_down: bool = False

    async def read(self) -> LoadsReading:
        if self.is_down:
            raise Unavailable("the database")
        return LoadsReading(
            now=self.clock.now() + timedelta(seconds=self.seconds_apart),
            loads=[
                OpenLoad(
                    id=load.id,
                    sources=load.sources,
                    last_close=max(self.closes.closes, default=None),
                )
                for load in self.stored
                if load.closed_at is None
            ],
        )

    async def loads(self) -> Sequence[HistoryLoad]:
        return self.stored[::-1]

    async def open(
        self, sources: Sequence[str], *, reason: str, by: str, at: datetime
    ) -> HistoryLoad:
        load = HistoryLoad(
            id=len(self.stored) + 1,
            sources=tuple(sources),
            reason=reason,
            opened_by=by,
            opened_at=at,
        )
        self.stored.append(load)
        return load

    async def close(self, load_id: int, *, by: str, at: datetime) -> HistoryLoad | None:
        for index, load in enumerate(self.stored):
            if load.id == load_id and load.closed_at is None:
                self.stored[index] = replace(load, closed_by=by, closed_at=at)
                return self.stored[index]
        return None


@dataclass
class MemoryLockedEntry:
    """A quarantined input that is being changed."""

    quarantine: "MemoryQuarantine"
    full: FullEntry

    async def settle(self, status: Status, settlement: EntrySettlement) -> None:
        self.quarantine.replace(
            self.full,
            status=status,
            settled_at=settlement.at,
            settled_by=settlement.by,
            note=settlement.note,
        )

    async def record_refusal(self, refusal: Refusal, *, account_id: str | None = None) -> None:
        self.quarantine.replace(
            self.full,
            status=Status.PARKED if account_id else Status.OPEN,
            reason=refusal.reason,
            pointer=refusal.pointer,
            detail=refusal.detail,
            account_id=account_id,
            retry_at=refusal.retry_at,
        )


@dataclass
class MemoryQuarantine:
    """Quarantine and account directory in one, as they share their parked inputs."""

    rows: list[FullEntry] = field(default_factory=list)
    borrowers: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, AccountAssignment] = field(default_factory=dict)
    is_down: bool = False
    is_full: bool = False

    async def take_room(self, inputs: Sequence[Input]) -> None:
        if self.is_full:
            raise QuarantineFull("key-1 has no room")

    async def add(self, inputs: Sequence[QuarantinedInput]) -> Sequence[int]:
        self._check()
        return [self._stored(each) for each in inputs]

    def _stored(self, quarantined: QuarantinedInput) -> int:
        for full in self.rows:
            same = full.input == quarantined.input
            if same and full.entry.status in (Status.OPEN, Status.PARKED):
                self.replace(full, times_seen=full.entry.times_seen + 1)
                return full.entry.id
        self.rows.append(
            FullEntry(entry=_entry(len(self.rows) + 1, quarantined), input=quarantined.input)
        )
        return len(self.rows)

    async def look_up(self, account_ids: Sequence[str]) -> AccountLookup:
        self._check()
        return AccountLookup(
            borrowers={
                each: self.borrowers[each] for each in account_ids if each in self.borrowers
            },
            queued=frozenset(self.parked_accounts()) & frozenset(account_ids),
        )

    async def claim(self, sources: Mapping[str, str]) -> Mapping[str, str]:
        self._check()
        return {each: self.owners.setdefault(each, source) for each, source in sources.items()}

    async def assign(self, assignments: Sequence[AccountAssignment]) -> None:
        self._check()
        for each in assignments:
            stored = self.assigned.get(each.account_id)
            is_owned = self.owners.setdefault(each.account_id, each.source) == each.source
            if is_owned and (stored is None or stored.age < each.age):
                self.assigned[each.account_id] = each
                self.borrowers[each.account_id] = each.borrower_id

    async def ready_to_release(self, *, limit: int) -> Sequence[str]:
        self._check()
        return [each for each in self.parked_accounts() if each in self.borrowers][:limit]

    async def page(self, *, after: str, limit: int) -> Sequence[tuple[str, str]]:
        self._check()
        return sorted(item for item in self.borrowers.items() if item[0] > after)[:limit]

    async def entries(
        self, filters: EntryFilters, *, after_id: int, limit: int
    ) -> Sequence[QuarantineEntry]:
        self._check()
        wanted = {
            name: value
            for name in ("status", "reason", "source", "account_id")
            if (value := getattr(filters, name)) is not None
        }
        later = [
            full.entry
            for full in self.rows
            if full.entry.id > after_id
            and (filters.scope is None or filters.scope.covers(full.entry))
        ]
        return [
            entry
            for entry in later
            if all(getattr(entry, name) == value for name, value in wanted.items())
        ][:limit]

    async def entry(self, entry_id: int) -> FullEntry | None:
        self._check()
        return self.rows[entry_id - 1] if 0 < entry_id <= len(self.rows) else None

    async def counts(self) -> Sequence[EntryCount]:
        self._check()
        return [
            EntryCount(status=full.entry.status, reason=full.entry.reason, entries=1, offered=1)
            for full in self.rows
        ]

    async def due(self, *, at: datetime, limit: int) -> Sequence[int]:
        self._check()
        waiting = [full.entry for full in self.rows if full.entry.status is Status.OPEN]
        return [entry.id for entry in waiting if entry.retry_at and entry.retry_at <= at][:limit]

    @asynccontextmanager
    async def lock(self, entry_id: int) -> AsyncIterator[LockedEntry | None]:
        full = await self.entry(entry_id)
        yield MemoryLockedEntry(self, full) if full else None

    @asynccontextmanager
    async def lock_account(
        self, account_id: str, *, limit: int
    ) -> AsyncIterator[Sequence[LockedEntry]]:
        parked = [full for full in self.rows if full.entry.status is Status.PARKED]
        yield [
            MemoryLockedEntry(self, full) for full in parked if full.entry.account_id == account_id
        ]

    def parked_accounts(self) -> list[str]:
        parked = [full.entry for full in self.rows if full.entry.status is Status.PARKED]
        return list(dict.fromkeys(entry.account_id for entry in parked if entry.account_id))

    def replace(self, full: FullEntry, **changes: Any) -> None:
        index = full.entry.id - 1
        current = self.rows[index]
        self.rows[index] = replace(current, entry=replace(current.entry, **changes))

    def _check(self) -> None:
        if self.is_down:
            raise Unavailable("the database")


def _entry(entry_id: int, quarantined: QuarantinedInput) -> QuarantineEntry:
    return QuarantineEntry(
        id=entry_id,
        status=Status.PARKED if quarantined.is_parked else Status.OPEN,
        reason=quarantined.refusal.reason,
        pointer=quarantined.refusal.pointer,
        detail=quarantined.refusal.detail,
        channel=quarantined.input.channel.value,
        position=quarantined.input.position,
        source=quarantined.source,
        event_id=quarantined.event_id,
        event_type=quarantined.event_type,
        account_id=quarantined.account_id,
        sender=quarantined.input.sender,
        times_seen=1,
        attempts=0,
        received_at=quarantined.received_at,
        settled_at=None,
        settled_by=None,
        note=None,
        retry_at=quarantined.refusal.retry_at,
    )


class Everybody:
    """Lets one caller in who may do everything here, and senders by the name of their source."""

    async def authenticate(self, text: str) -> Principal:
        if text.startswith("sender-"):
            source = text.removeprefix("sender-")
            return Principal(id=text, name=text, roles=frozenset({Role.SOURCE}), sources=(source,))
        return Principal(
            id="key-1",
            name="tests",
            roles=frozenset({Role.SOURCE, Role.OPERATOR}),
            sources=("core/*",),
            may_send=("*", *CONTROL_TYPES),
        )


@dataclass
class MemoryIngest:
    """The whole service on lists."""

    publisher: MemoryPublisher
    quarantine: MemoryQuarantine
    controls: MemoryControlLog
    identities: MemoryIdentities
    log: MemoryIntakeLog
    loads: MemoryHistoryLoads
    clock: ManualClock
    ingest: Ingest

    def app(self, *, limits: RequestLimits | None = None, **settings: Any) -> FastAPI:
        ingest = replace(self.ingest, limits=limits) if limits else self.ingest
        return create_app(ingest, IngestSettings(**settings))

    def clear(self) -> None:
        """Removes all events, inputs and accounts."""
        self.publisher.sent.clear()
        self.quarantine.rows.clear()
        self.quarantine.borrowers.clear()
        self.controls.closes.clear()
        self.controls.rates.clear()
        self.identities.stored.clear()
        self.quarantine.owners.clear()
        self.quarantine.assigned.clear()
        self.log.records.clear()
        self.loads.stored.clear()


CLOSED_BY_CORE = DayCloseRules(closer="events", source="core/demo")


def ingest_in_memory(rules: DayCloseRules = CLOSED_BY_CORE) -> MemoryIngest:
    """Returns an empty ingest with the shipped mappings."""
    controls = MemoryControlLog()
    publisher, quarantine, clock = MemoryPublisher(), MemoryQuarantine(), ManualClock(EVENING)
    identities, log = MemoryIdentities(), MemoryIntakeLog()
    metrics = Metrics((*KIT_CATALOGUE, *INGEST_CATALOGUE))
    validator = InputValidator(mappings=demo_mappings(), max_event_bytes=262_144)
    shared: dict[str, Any] = {
        "validator": validator,
        "accounts": AccountStores(quarantine, identities, log),
        "quarantine": quarantine,
        "clock": clock,
        "recorder": metrics,
    }
    loads = MemoryHistoryLoads(clock, controls)
    gate = ControlGate(
        publisher=publisher,
        rules=rules,
        log=controls,
        identities=identities,
        times=TimeGate(guard=TimeGuard(zone=TIMEZONE), loads=loads, clock=clock),
        clock=clock,
        zone=TIMEZONE,
    )
    health = Health(clock)
    health.started()
    return MemoryIngest(
        publisher,
        quarantine,
        controls,
        identities,
        log,
        loads,
        clock,
        Ingest(
            intake=Intake(**shared, gate=gate),
            quarantine=QuarantineService(**shared, gate=gate),
            approvals=approvals_in_memory(
                [
                    ControlEventApproval(
                        gate=lambda _database: gate,
                        validator=validator,
                        clock=clock,
                        recorder=metrics,
                    )
                ],
                clock=clock,
            ),
            release=Release(**shared, gate=gate),
            history_loads=HistoryLoads(repository=loads, clock=clock),
            accounts=cast(AccountTable, quarantine),
            account_import=AccountImport(directory=quarantine, log=log),
            publisher=cast(KafkaEventPublisher, publisher),
            consumers={},
            authenticator=Everybody(),
            limits=RequestLimits(),
            health=health,
            metrics=metrics,
            clock=clock,
            pool=None,
        ),
    )


async def take(memory: MemoryIngest, *documents: dict[str, Any]) -> list[RefusalReason | None]:
    """Takes events in by HTTP under a key with all powers; returns why each is refused."""
    verdicts = await memory.ingest.intake.take(
        [
            Input(
                channel=InputChannel.HTTP,
                raw=written(document),
                sender="key-1",
                sources=("core/*",),
                may_send=("*", *CONTROL_TYPES),
            )
            for document in documents
        ]
    )
    return [
        verdict.outcome.reason if isinstance(verdict.outcome, Refusal) else None
        for verdict in verdicts
    ]
