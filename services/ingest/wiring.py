"""Builds ingest from its settings: the only module that chooses its adapters."""

import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import asyncpg

from services.ingest.adapters.account_handover import AccountHandover
from services.ingest.adapters.account_table import AccountTable
from services.ingest.adapters.close_withdrawal import TakenCloseWithdrawal
from services.ingest.adapters.control_approval import ControlEventApproval
from services.ingest.adapters.control_table import ControlTable
from services.ingest.adapters.history_load_table import HistoryLoadTable
from services.ingest.adapters.identity_table import IdentityTable
from services.ingest.adapters.kafka_event_publisher import KafkaEventPublisher
from services.ingest.adapters.kafka_intake_log import KafkaIntakeLog
from services.ingest.adapters.mapping.loader import load_mappings
from services.ingest.adapters.mapping.mapper import Mapper
from services.ingest.adapters.quarantine_room import BoundedQuarantine, QuarantineRoom
from services.ingest.adapters.quarantine_table import QuarantineInserts, QuarantineTable
from services.ingest.adapters.raw_handler import RawHandler
from services.ingest.adapters.raw_progress import RawProgress
from services.ingest.application.accounts import AccountImport
from services.ingest.application.control_gate import ControlGate
from services.ingest.application.errors import Unavailable
from services.ingest.application.history_loads import HistoryLoads
from services.ingest.application.identity import AccountStores
from services.ingest.application.input_validation import InputValidator
from services.ingest.application.intake import Intake
from services.ingest.application.quarantine import QuarantineService
from services.ingest.application.release import Release
from services.ingest.application.time_gate import TimeGate
from services.ingest.domain.day_closes import DayCloseRules
from services.ingest.domain.time_guard import TimeGuard
from services.ingest.metrics import INGEST_CATALOGUE
from services.ingest.settings import IngestSettings
from services.kit.approvals.tables import ApprovalTable
from services.kit.approvals.workflow import Approvals
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import Clock, SystemClock
from services.kit.database import Database, PostgresDatabase, close_pool, create_pool
from services.kit.http.auth import Authenticator
from services.kit.http.callers import callers
from services.kit.http.health import Health, NotReady, ReadinessCheck
from services.kit.http.limits import RequestLimits
from services.kit.metrics import Metrics
from services.kit.schemas import at_head
from services.kit.settings import PlatformSettings
from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.kafka import KafkaTopicReader
from services.kit.stream.ports import Limits
from services.kit.stream.producer import KafkaProducer

SCHEMA = "ingest"
CONSUMER = "ingest"
RELEASE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """The running parts of the service."""

    intake: Intake
    quarantine: QuarantineService
    release: Release
    approvals: Approvals
    history_loads: HistoryLoads
    accounts: AccountTable
    account_import: AccountImport
    publisher: KafkaEventPublisher
    consumers: Mapping[str, FencedConsumer]
    authenticator: Authenticator
    limits: RequestLimits
    health: Health
    metrics: Metrics
    clock: Clock
    pool: asyncpg.Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    validator: InputValidator
    publisher: KafkaEventPublisher
    accounts: AccountTable
    identities: IdentityTable
    log: KafkaIntakeLog
    room: QuarantineRoom
    rules: DayCloseRules
    times: TimeGate
    zone: ZoneInfo
    clock: Clock
    metrics: Metrics

    def gate(self, database: Database) -> ControlGate:
        return ControlGate(
            publisher=self.publisher,
            rules=self.rules,
            log=ControlTable(database),
            identities=self.identities,
            times=self.times,
            clock=self.clock,
            zone=self.zone,
        )

    def approvals(self, database: Database) -> Approvals:
        kind = ControlEventApproval(
            gate=self.gate, validator=self.validator, clock=self.clock, recorder=self.metrics
        )
        return Approvals(
            database=database,
            repository=ApprovalTable(schema=SCHEMA),
            kinds=[
                kind,
                AccountHandover(log=self.log, clock=self.clock),
                TakenCloseWithdrawal(clock=self.clock),
            ],
            clock=self.clock,
        )

    def intake(self, database: Database) -> Intake:
        return Intake(
            validator=self.validator,
            gate=self.gate(database),
            accounts=AccountStores(AccountTable(database), self.identities, self.log),
            quarantine=BoundedQuarantine(QuarantineInserts(database), self.room),
            clock=self.clock,
            recorder=self.metrics,
        )


@asynccontextmanager
async def build(platform: PlatformSettings, settings: IngestSettings) -> AsyncIterator[Ingest]:
    """Connects to the database and the broker, and disconnects at the end of the block."""
    clock, metrics = SystemClock(), Metrics((*KIT_CATALOGUE, *INGEST_CATALOGUE))
    mappings = load_mappings(
        settings.mappings,
        timezone=ZoneInfo(platform.bank_timezone),
        topic_prefix=settings.raw_topic_prefix,
    )
    async with AsyncExitStack() as stack:
        pool = await create_pool(
            platform.service_dsn("ingest"),
            role="tocsin_ingest",
            application_name="tocsin-ingest",
            min_connections=0,
            # A transaction for each raw partition, and some for HTTP and the background tasks.
            max_connections=8 + platform.partitions * len(mappings),
            idle_in_transaction_seconds=platform.idle_in_transaction_seconds,
        )
        stack.push_async_callback(close_pool, pool)
        producer = KafkaProducer(
            bootstrap=platform.kafka_bootstrap,
            client_id="tocsin-ingest",
            recorder=metrics,
            timeout_seconds=settings.produce_timeout_seconds,
        )
        stack.push_async_callback(producer.stop)
        publisher = KafkaEventPublisher(
            producer, topic=platform.events_topic, partitions=platform.partitions
        )
        yield _assembled(
            platform,
            settings,
            parts=_Parts(
                validator=InputValidator(
                    mappings=mappings, max_event_bytes=settings.max_event_bytes
                ),
                publisher=publisher,
                accounts=AccountTable(PostgresDatabase(pool)),
                identities=IdentityTable(PostgresDatabase(pool)),
                log=KafkaIntakeLog(producer, topic=platform.intake_topic),
                room=QuarantineRoom(
                    PostgresDatabase(pool),
                    max_bytes=settings.max_quarantined_bytes,
                    clock=clock,
                ),
                rules=DayCloseRules(closer=platform.day_close, source=platform.day_close_source),
                times=TimeGate(
                    guard=_time_guard(platform, settings, mappings),
                    loads=HistoryLoadTable(PostgresDatabase(pool)),
                    clock=clock,
                ),
                zone=ZoneInfo(platform.bank_timezone),
                clock=clock,
                metrics=metrics,
            ),
            mappings=mappings,
            pool=pool,
        )


def _time_guard(
    platform: PlatformSettings, settings: IngestSettings, mappings: Mapping[str, Mapper]
) -> TimeGuard:
    mapped = {each.source: each.dates for each in mappings.values() if each.dates}
    return settings.time_guard(ZoneInfo(platform.bank_timezone), mapped=mapped)


def _assembled(
    platform: PlatformSettings,
    settings: IngestSettings,
    *,
    parts: _Parts,
    mappings: Mapping[str, Mapper],
    pool: asyncpg.Pool,
) -> Ingest:
    database = PostgresDatabase(pool)
    quarantine = QuarantineTable(database)
    accounts = AccountStores(parts.accounts, parts.identities, parts.log)
    consumers = {
        topic: _consumer(topic, platform=platform, settings=settings, parts=parts, pool=pool)
        for topic in mappings
    }
    return Ingest(
        intake=parts.intake(database),
        quarantine=QuarantineService(
            validator=parts.validator,
            gate=parts.gate(database),
            accounts=accounts,
            quarantine=quarantine,
            clock=parts.clock,
            recorder=parts.metrics,
        ),
        release=Release(
            validator=parts.validator,
            gate=parts.gate(database),
            accounts=accounts,
            quarantine=quarantine,
            clock=parts.clock,
            recorder=parts.metrics,
        ),
        approvals=parts.approvals(database),
        history_loads=HistoryLoads(repository=HistoryLoadTable(database), clock=parts.clock),
        accounts=parts.accounts,
        account_import=AccountImport(directory=parts.accounts, log=parts.log),
        publisher=parts.publisher,
        consumers=consumers,
        authenticator=callers(pool, platform, clock=parts.clock),
        limits=platform.request_limits(max_body_bytes=settings.max_body_bytes),
        health=_health(pool, parts, consumers, intake_topic=platform.intake_topic),
        metrics=parts.metrics,
        clock=parts.clock,
        pool=pool,
    )


def _consumer(
    topic: str,
    *,
    platform: PlatformSettings,
    settings: IngestSettings,
    parts: _Parts,
    pool: asyncpg.Pool,
) -> FencedConsumer:
    reader = KafkaTopicReader(
        bootstrap=platform.kafka_bootstrap,
        topic=topic,
        group=raw_group(platform, topic),
        client_id="tocsin-ingest",
        instance_id=settings.instance_id,
        session_timeout_seconds=settings.session_timeout_seconds,
    )
    return FencedConsumer(
        reader=reader,
        database=PostgresDatabase(pool),
        progress=RawProgress(
            schema=SCHEMA, consumer=CONSUMER, owner=_owner(settings), reader=reader
        ),
        handler=RawHandler(parts.intake, clock=parts.clock),
        recorder=parts.metrics,
        clock=parts.clock,
        limits=Limits(
            max_records=settings.raw_batch_records,
            max_waiting_records=4 * settings.raw_batch_records,
            max_poison_in_a_row=settings.refused_in_a_row,
            no_progress_seconds=settings.no_progress_seconds,
            release_seconds=RELEASE_SECONDS,
        ),
    )


def raw_group(platform: PlatformSettings, topic: str) -> str:
    """Returns the consumer group of a raw topic: one each, so that none rebalances another."""
    return f"{platform.topic_prefix}ingest.{topic}"


def _health(
    pool: asyncpg.Pool,
    parts: _Parts,
    consumers: Mapping[str, FencedConsumer],
    *,
    intake_topic: str,
) -> Health:
    health = Health(parts.clock)

    async def schema() -> None:
        await check_schema(pool)

    async def broker() -> None:
        await parts.publisher.check()
        if not await parts.publisher.has_topic(intake_topic):
            raise NotReady(f"the topic {intake_topic} is missing; run `tocsin topics`")

    async def clocks() -> None:
        try:
            await parts.times.begin()
        except Unavailable as error:
            raise NotReady(str(error)) from error

    health.add_readiness_check("database", schema)
    health.add_readiness_check("broker", broker)
    health.add_readiness_check("clock", clocks)
    for topic, consumer in consumers.items():
        health.add_readiness_check(f"raw topic {topic}", _joined(topic, consumer, parts.publisher))
        health.add_note(f"stopped partitions of {topic}", consumer.stopped)
    return health


def _joined(topic: str, consumer: FencedConsumer, publisher: KafkaEventPublisher) -> ReadinessCheck:
    async def check() -> None:
        if not await publisher.has_topic(topic):
            raise NotReady(
                f"the topic {topic} is missing; create it (`tocsin topics --also {topic}`), or "
                "take its mapping out of the folder TOCSIN_INGEST_MAPPINGS"
            )
        if not consumer.has_joined:
            raise NotReady("the group was not joined yet")

    return check


async def check_schema(pool: asyncpg.Pool) -> None:
    """Raises `NotReady` unless the database has the schema of this version."""
    if not await at_head(pool, SCHEMA):
        raise NotReady("the schema is not at this version; run `tocsin migrate`")


def _owner(settings: IngestSettings) -> str:
    return settings.instance_id or f"{socket.gethostname()}:{os.getpid()}"
