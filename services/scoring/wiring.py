"""Builds scoring from its settings: the one place where its parts are chosen."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import asyncpg

from services.kit.approvals.tables import ApprovalTable
from services.kit.approvals.workflow import Approvals
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import Clock, SystemClock
from services.kit.database import PostgresDatabase, close_pool, create_pool
from services.kit.http.access_log import PostgresAccessLog
from services.kit.http.application import WebParts
from services.kit.http.callers import callers
from services.kit.http.health import Health, NotReady
from services.kit.metrics import Metrics
from services.kit.schemas import at_head
from services.kit.settings import PlatformSettings
from services.kit.stream import faults
from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.kafka import KafkaTopicReader
from services.kit.stream.outbox import Outbox
from services.kit.stream.partition import State
from services.kit.stream.ports import Limits
from services.kit.stream.producer import KafkaProducer
from services.kit.stream.progress import PostgresProgress
from services.kit.stream.quarantine import Quarantine
from services.kit.stream.quarantine_review import QuarantineReview
from services.kit.stream.relay import OutboxRelay
from services.scoring.adapters.borrower_rows import PostgresBorrowerRows, PostgresPortfolioRows
from services.scoring.adapters.census_store import PostgresCensus
from services.scoring.adapters.close_rows import PostgresCloses
from services.scoring.adapters.codec import build_codec
from services.scoring.adapters.isolation_rows import PostgresIsolationRows
from services.scoring.adapters.ledger import PostgresLedger
from services.scoring.adapters.resend_rows import PostgresResendRows
from services.scoring.adapters.rulebook_reader import load_rulebook, read_text
from services.scoring.adapters.rulebook_store import PostgresRulebooks, PostgresRulebookTexts
from services.scoring.adapters.sector_rows import PostgresSectors
from services.scoring.adapters.state_store import PostgresStates
from services.scoring.application.borrower_queries import BorrowerQueries
from services.scoring.application.close_withdrawal import CloseWithdrawal
from services.scoring.application.control_events import EventsTopic
from services.scoring.application.day_close import MissedDaysApproval
from services.scoring.application.event_resend import EventResend
from services.scoring.application.isolated_borrowers import IsolatedBorrowers
from services.scoring.application.outbox_messages import OutboxMessages
from services.scoring.application.portfolio_queries import PortfolioQueries
from services.scoring.application.ports import Census
from services.scoring.application.rulebook_cache import RulebookCache
from services.scoring.application.rulebook_workflow import RulebookApproval, RulebookWorkflow
from services.scoring.application.score_batches import ScoreBatches, ScoringParts
from services.scoring.application.sector_stress import SectorMonitor
from services.scoring.domain.rulebook.context import Context
from services.scoring.metrics import SCORING_CATALOGUE
from services.scoring.settings import ScoringFaultSettings, ScoringSettings

SCHEMA = "scoring"
CONSUMER = "scoring"
RELEASE_SECONDS = 10.0
_SCHEMA_CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """The running parts of the service."""

    consumer: FencedConsumer
    relay: OutboxRelay
    borrowers: BorrowerQueries
    rulebooks: RulebookWorkflow
    portfolio: PortfolioQueries
    sectors: SectorMonitor
    approvals: Approvals
    isolated: IsolatedBorrowers
    resend: EventResend
    census: Census
    web_parts: WebParts
    metrics: Metrics
    health: Health
    pool: asyncpg.Pool

    async def consume(self, stop: asyncio.Event) -> None:
        """Scores the events topic until the event is set, after waiting for the schema.

        At the same time relay the messages of requests, taking turns with the other workers.
        """
        while not stop.is_set():
            try:
                await check_schema(self.pool)
                break
            except (NotReady, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(_SCHEMA_CHECK_SECONDS)
        running = asyncio.create_task(self.consumer.run())
        stopping = asyncio.create_task(stop.wait())
        sharing = asyncio.create_task(self.relay.run_shared())
        tasks = {running, stopping, sharing}
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        sharing.cancel()
        self.consumer.request_stop()
        await running
        if sharing in ended:
            await sharing


@asynccontextmanager
async def build(platform: PlatformSettings, settings: ScoringSettings) -> AsyncIterator[Scoring]:
    """Opens the parts of scoring, and closes them at the end of the block."""
    if point := ScoringFaultSettings().fault_point:
        faults.kill_at(point)
    clock, metrics = SystemClock(), Metrics((*KIT_CATALOGUE, *SCORING_CATALOGUE))
    async with AsyncExitStack() as stack:
        pool = await create_pool(
            platform.service_dsn("scoring"),
            role="tocsin_scoring",
            application_name="tocsin-scoring",
            min_connections=0,
            max_connections=16,
            idle_in_transaction_seconds=platform.idle_in_transaction_seconds,
        )
        stack.push_async_callback(close_pool, pool)
        producer = KafkaProducer(
            bootstrap=platform.kafka_bootstrap, client_id="tocsin-scoring", recorder=metrics
        )
        stack.push_async_callback(producer.stop)
        parts = build_parts(platform, settings, metrics)
        database = PostgresDatabase(pool)
        relay = build_relay(database, parts, producer)
        progress = PostgresProgress(schema=SCHEMA, consumer=CONSUMER, owner=owner(settings))
        consumer = FencedConsumer(
            reader=build_reader(platform, settings),
            database=database,
            progress=progress,
            handler=ScoreBatches(parts),
            recorder=metrics,
            clock=clock,
            relay=relay,
            limits=limits(settings),
        )
        health = build_health(pool, consumer, clock)
        yield Scoring(
            consumer=consumer,
            relay=relay,
            borrowers=build_borrowers(database, parts),
            rulebooks=build_rulebooks(database, parts, platform),
            portfolio=build_portfolio(database, parts),
            sectors=build_sectors(database, parts, settings),
            approvals=build_approvals(database, clock, platform),
            isolated=build_isolated(database, progress, topic=platform.events_topic),
            resend=build_resend(database, parts, progress, topic=platform.events_topic),
            census=parts.census,
            web_parts=WebParts(
                health=health,
                metrics=metrics,
                authenticator=callers(pool, platform, clock=clock),
                limits=platform.request_limits(),
                quarantine=build_quarantine(database, parts, producer),
                access_log=PostgresAccessLog(pool, schema=SCHEMA),
            ),
            metrics=metrics,
            health=health,
            pool=pool,
        )


def build_reader(platform: PlatformSettings, settings: ScoringSettings) -> KafkaTopicReader:
    """Returns the reader of the events topic."""
    return KafkaTopicReader(
        bootstrap=platform.kafka_bootstrap,
        topic=platform.events_topic,
        group=f"{platform.topic_prefix}scoring",
        client_id="tocsin-scoring",
        instance_id=settings.instance_id,
        session_timeout_seconds=settings.session_timeout_seconds,
    )


def build_parts(
    platform: PlatformSettings, settings: ScoringSettings, metrics: Metrics
) -> ScoringParts:
    """Returns the parts of the write side."""
    codec = build_codec(ZoneInfo(platform.bank_timezone))
    return ScoringParts(
        ledger=PostgresLedger(),
        states=PostgresStates(),
        census=PostgresCensus(),
        outbox=Outbox(schema=SCHEMA),
        quarantine=Quarantine(schema=SCHEMA),
        codec=codec,
        initial=Context(load_rulebook(settings.rulebook)),
        rulebooks=RulebookCache(read_text, PostgresRulebookTexts()),
        messages=OutboxMessages(
            codec=codec, risk_topic=platform.risk_topic, events_topic=platform.events_topic
        ),
        recorder=metrics,
        clock=SystemClock(),
        most_cached_borrowers=settings.most_cached_borrowers,
        sweep_size=settings.sweep_size,
    )


def build_relay(
    database: PostgresDatabase, parts: ScoringParts, producer: KafkaProducer
) -> OutboxRelay:
    """Returns the relay from the outbox to the broker."""
    return OutboxRelay(
        schema=SCHEMA,
        consumer=CONSUMER,
        outbox=parts.outbox,
        database=database,
        producer=producer,
        recorder=parts.recorder,
        clock=parts.clock,
    )


def build_quarantine(
    database: PostgresDatabase, parts: ScoringParts, producer: KafkaProducer
) -> QuarantineReview:
    """Returns the quarantine, for people."""

    def check(value: bytes | None) -> str | None:
        try:
            parts.codec.decode(value or b"")
        except parts.codec.refusal as refusal:
            return str(refusal)
        return None

    return QuarantineReview(
        schema=SCHEMA, database=database, producer=producer, check=check, clock=parts.clock
    )


def build_isolated(
    database: PostgresDatabase, progress: PostgresProgress, *, topic: str
) -> IsolatedBorrowers:
    """Returns the use cases of isolated borrowers."""
    return IsolatedBorrowers(
        database=database, rows=PostgresIsolationRows(), partitions=progress, topic=topic
    )


def build_resend(
    database: PostgresDatabase, parts: ScoringParts, progress: PostgresProgress, *, topic: str
) -> EventResend:
    """Returns what sends events again."""
    return EventResend(
        database=database,
        rows=PostgresResendRows(),
        ledger=parts.ledger,
        rebuilder=parts.rebuilder,
        partitions=progress,
        outbox=parts.outbox,
        messages=parts.messages,
        topic=topic,
    )


def build_borrowers(database: PostgresDatabase, parts: ScoringParts) -> BorrowerQueries:
    """Returns the queries about one borrower."""
    return BorrowerQueries(
        database=database,
        rows=PostgresBorrowerRows(),
        ledger=parts.ledger,
        rebuilder=parts.rebuilder,
    )


def build_portfolio(database: PostgresDatabase, parts: ScoringParts) -> PortfolioQueries:
    """Returns the queries about many borrowers."""
    return PortfolioQueries(
        database=database,
        rows=PostgresPortfolioRows(),
        states=parts.states,
        rebuilder=parts.rebuilder,
    )


def build_sectors(
    database: PostgresDatabase, parts: ScoringParts, settings: ScoringSettings
) -> SectorMonitor:
    """Returns the monitor of the sectors."""
    return SectorMonitor(
        database=database,
        rows=PostgresSectors(),
        rebuilder=parts.rebuilder,
        currency=settings.sector_currency,
    )


@asynccontextmanager
async def sector_monitor(
    platform: PlatformSettings, settings: ScoringSettings
) -> AsyncIterator[SectorMonitor]:
    """Opens the parts that measure the sectors, and closes them at the end of the block."""
    pool = await create_pool(
        platform.service_dsn("scoring"),
        role="tocsin_scoring",
        application_name="tocsin-scoring-sectors",
        min_connections=0,
        max_connections=2,
    )
    try:
        parts = build_parts(platform, settings, Metrics((*KIT_CATALOGUE, *SCORING_CATALOGUE)))
        yield build_sectors(PostgresDatabase(pool), parts, settings)
    finally:
        await close_pool(pool)


def build_rulebooks(
    database: PostgresDatabase, parts: ScoringParts, platform: PlatformSettings
) -> RulebookWorkflow:
    """Returns the workflow of rulebooks; activations leave through the same outbox."""
    return RulebookWorkflow(
        database=database,
        rulebooks=PostgresRulebooks(),
        outbox=parts.outbox,
        read=read_text,
        clock=parts.clock,
        topic=events_topic(platform),
    )


def build_approvals(
    database: PostgresDatabase, clock: Clock, platform: PlatformSettings
) -> Approvals:
    """Returns the approvals of everything in scoring that needs two people."""
    return Approvals(
        database=database,
        repository=ApprovalTable(schema=SCHEMA),
        kinds=[
            RulebookApproval(PostgresRulebooks()),
            MissedDaysApproval(clock=clock, zone=ZoneInfo(platform.bank_timezone)),
            CloseWithdrawal(
                PostgresCloses(),
                outbox=Outbox(schema=SCHEMA),
                topic=events_topic(platform),
                clock=clock,
            ),
        ],
        clock=clock,
    )


def events_topic(platform: PlatformSettings) -> EventsTopic:
    """Returns the topic of control events."""
    return EventsTopic(
        name=platform.events_topic,
        partitions=platform.partitions,
        zone=ZoneInfo(platform.bank_timezone),
    )


def build_health(pool: asyncpg.Pool, consumer: FencedConsumer, clock: SystemClock) -> Health:
    """Returns the probes: the schema is current, the broker answers, partitions are claimed."""
    health = Health(clock)

    async def schema() -> None:
        await check_schema(pool)

    async def partitions() -> None:
        states = consumer.partitions
        if not states:
            raise NotReady(
                "no partition is assigned: the topic of events is missing (`tocsin topics`), the "
                "broker does not answer, or other processes have all partitions"
            )
        if State.CLAIMING in states.values():
            raise NotReady("partitions are being claimed")

    health.add_readiness_check("database", schema)
    health.add_readiness_check("partitions", partitions)
    health.add_readiness_check("broker", consumer.check_broker)
    health.add_note("stopped partitions", consumer.stopped)
    return health


async def check_schema(pool: asyncpg.Pool) -> None:
    """Raises `NotReady` unless the database has the schema of this version."""
    if not await at_head(pool, SCHEMA):
        raise NotReady("the schema is not at this version; run `tocsin migrate`")


def limits(settings: ScoringSettings) -> Limits:
    """Returns the consumer's limits."""
    return Limits(
        max_records=settings.most_records,
        max_waiting_records=4 * settings.most_records,
        max_poison_in_a_row=settings.poison_in_a_row,
        no_progress_seconds=settings.no_progress_seconds,
        release_seconds=RELEASE_SECONDS,
    )


def owner(settings: ScoringSettings) -> str:
    """Returns the name under which this process claims, for people who read the table."""
    return settings.instance_id or f"{socket.gethostname()}:{os.getpid()}"
