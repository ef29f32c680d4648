"""Builds alerts from its settings: the one place where its parts are chosen."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import SystemRandom
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import httpx2
import structlog

from services.alerts import metrics
from services.alerts.approvals.adapters.borrowers import PostgresBorrowers
from services.alerts.approvals.adapters.override_events import OverrideOutbox
from services.alerts.approvals.application.overrides import (
    OverrideParts,
    RelaxationProposals,
    override_kinds,
)
from services.alerts.decisions.adapters import assessment_wire, policy_files
from services.alerts.decisions.adapters.alert_reads import PostgresAlertReads
from services.alerts.decisions.adapters.alert_repository import PostgresAlertRepository
from services.alerts.decisions.adapters.alert_timers import PostgresAlertTimers
from services.alerts.decisions.adapters.duty_sweep import PostgresDutySweep
from services.alerts.decisions.adapters.risk_handler import RiskHandler
from services.alerts.decisions.adapters.silence_rows import PostgresSilences
from services.alerts.decisions.adapters.step_recorder import StepRecorder
from services.alerts.decisions.adapters.work_list_reads import PostgresWorkListReads
from services.alerts.decisions.application.current_policy import CurrentPolicy
from services.alerts.decisions.application.duty_loop import DutyLoop
from services.alerts.decisions.application.handling import AlertHandling
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.application.silences import SilenceApproval, Silences
from services.alerts.decisions.application.timer_loop import POLL_SECONDS, TimerLoop
from services.alerts.decisions.application.work_list import WorkListReading
from services.alerts.decisions.domain.policy import AlertPolicy, RoutingPlan
from services.alerts.delivery.adapters import digest_rows, sealing
from services.alerts.delivery.adapters.channels.http_poster import HttpPoster
from services.alerts.delivery.adapters.channels.mail import MailChannel
from services.alerts.delivery.adapters.channels.registry import ChannelRegistry
from services.alerts.delivery.adapters.channels.smtp import SmtpSender
from services.alerts.delivery.adapters.delivery_fan_out import DeliveryFanOut
from services.alerts.delivery.adapters.delivery_queue import PostgresDeliveryQueue
from services.alerts.delivery.adapters.delivery_repository import PostgresDeliveryRepository
from services.alerts.delivery.adapters.digest_rows import PostgresDigestRows
from services.alerts.delivery.adapters.directory_mailboxes import DirectoryMailboxes
from services.alerts.delivery.adapters.endpoint_repository import PostgresEndpointRepository
from services.alerts.delivery.adapters.member_rights import MemberRights
from services.alerts.delivery.adapters.name_resolver import NameResolver, Resolve
from services.alerts.delivery.adapters.sealing import Sealer
from services.alerts.delivery.application.deliveries import DeliveryLog
from services.alerts.delivery.application.digests import DailyDigests
from services.alerts.delivery.application.dispatcher import Dispatcher, DispatchLimits
from services.alerts.delivery.application.endpoint_trial import EndpointTrial
from services.alerts.delivery.application.endpoints import EndpointRegistry
from services.alerts.delivery.application.judged_channel import JudgedChannel
from services.alerts.delivery.domain import retry_plan
from services.alerts.directory.adapters.directory_store import (
    PostgresDirectories,
    PostgresOrganisations,
)
from services.alerts.directory.adapters.page_sessions import PostgresSessions
from services.alerts.directory.adapters.routing_check import routing_check
from services.alerts.directory.application.directory_registry import (
    DirectoryApproval,
    DirectoryRegistry,
)
from services.alerts.directory.domain.scope import EVERYTHING
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import Severity
from services.alerts.settings import AlertsFaultSettings, AlertsSettings
from services.alerts.use_cases import UseCases
from services.kit.approvals.tables import ApprovalTable
from services.kit.approvals.workflow import Approvals
from services.kit.bank_holidays import bank_holidays
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import Clock, Now, SystemClock
from services.kit.database import (
    DatabaseUnavailable,
    PostgresDatabase,
    close_pool,
    create_pool,
)
from services.kit.http.access_log import PostgresAccessLog
from services.kit.http.application import WebParts
from services.kit.http.callers import callers
from services.kit.http.health import Health, NotReady
from services.kit.http.idempotency import PostgresCommands
from services.kit.http.limits import RequestLimits
from services.kit.http.server import Task
from services.kit.ids import time_ordered_id
from services.kit.metrics import Metrics
from services.kit.schemas import at_head
from services.kit.settings import PlatformSettings
from services.kit.stream import faults
from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.kafka import KafkaTopicReader
from services.kit.stream.outbox import Outbox
from services.kit.stream.outbox_metrics import measure_outbox
from services.kit.stream.partition import State
from services.kit.stream.producer import KafkaProducer
from services.kit.stream.progress import PostgresProgress
from services.kit.stream.quarantine import Quarantine
from services.kit.stream.quarantine_review import QuarantineReview
from services.kit.stream.relay import OutboxRelay

log = structlog.get_logger(__name__)

SCHEMA = "alerts"
CONSUMER = "alerts"
_COUNT_SECONDS = 5.0
# Played history passes days in a second.
LOG_TIME_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """The running parts of the service."""

    use_cases: UseCases
    web_parts: WebParts
    consumer: FencedConsumer
    dispatcher: Dispatcher
    timers: TimerLoop
    digests: DailyDigests
    duties: DutyLoop
    clock: Clock
    reads: PostgresAlertReads
    measure_outbox: Task

    async def consume(self, stop: asyncio.Event) -> None:
        """Consumes the risk topic until `stop` is set."""
        running = asyncio.create_task(self.consumer.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self.consumer.request_stop()
        await running

    async def count_open(self, stop: asyncio.Event) -> None:
        """Measures open alerts, waiting borrowers and overdue timers, until `stop` is set."""
        while not stop.is_set():
            try:
                counts = await self.reads.count_open(scope=EVERYTHING)
                for severity in Severity:
                    self.web_parts.metrics.set(
                        metrics.ALERTS_OPEN, counts.get(severity, 0), severity=severity.value
                    )
                waiting = await self.reads.count_waiting()
                self.web_parts.metrics.set(metrics.BORROWERS_WAITING, waiting)
                cases = await self.reads.count_cases_with_one_owner()
                self.web_parts.metrics.set(metrics.CASES_WITH_ONE_OWNER, cases)
                await self.timers.measure()
            except DatabaseUnavailable as error:
                log.info("alerts.open_not_counted", error=repr(error))
            try:
                async with asyncio.timeout(_COUNT_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resources:
    """What was opened, and the settings it was opened with."""

    platform: PlatformSettings
    settings: AlertsSettings
    pool: asyncpg.Pool
    producer: KafkaProducer
    organisations: PostgresOrganisations
    mailboxes: DirectoryMailboxes
    channels: ChannelRegistry
    sealer: Sealer
    metrics: Metrics
    clock: Clock


@asynccontextmanager
async def build(platform: PlatformSettings, settings: AlertsSettings) -> AsyncIterator[Alerts]:
    """Opens what alerts needs, and closes it at the end of the block."""
    if point := AlertsFaultSettings().fault_point:
        faults.kill_at(point)
    policy = alert_policy(platform, settings)
    async with AsyncExitStack() as stack:
        opened = await _open(stack, platform, settings, policy)
        outbox = Outbox(schema=SCHEMA)
        step_recorder = _step_recorder(opened, outbox)
        relay = _relay(opened, outbox)
        dispatcher = _dispatcher(opened)
        approvals = _approvals(opened, outbox)
        handler = RiskHandler(
            policy=CurrentPolicy(policy, opened.organisations),
            step_recorder=step_recorder,
            quarantine=Quarantine(schema=SCHEMA),
            recorder=opened.metrics,
            clock=opened.clock,
            on_changes=dispatcher.wake,
            relaxations=RelaxationProposals(approvals, PostgresBorrowers()),
        )

        def on_step(partition: int) -> None:
            dispatcher.wake()
            relay.wake(partition)

        repository = PostgresAlertRepository(
            pool=opened.pool,
            step_recorder=step_recorder,
            recorder=opened.metrics,
            clock=opened.clock,
            on_step=on_step,
        )
        reads = PostgresAlertReads(opened.pool)
        consumer = _consumer(opened, handler, relay)
        yield Alerts(
            use_cases=_use_cases(opened, policy, reads, repository, approvals),
            web_parts=WebParts(
                health=_health(opened, consumer, policy.routing),
                metrics=opened.metrics,
                authenticator=callers(opened.pool, platform, clock=opened.clock),
                limits=_request_limits(platform, settings),
                quarantine=_quarantine(opened),
                access_log=PostgresAccessLog(opened.pool, schema=SCHEMA),
                commands=PostgresCommands(opened.pool, schema=SCHEMA, clock=opened.clock),
            ),
            consumer=consumer,
            dispatcher=dispatcher,
            timers=_timers(opened, reads, step_recorder, policy, on_step),
            digests=_digests(opened, reads, dispatcher),
            duties=_duties(opened, reads, step_recorder, policy, on_step),
            clock=opened.clock,
            reads=reads,
            measure_outbox=_outbox_measurement(opened),
        )


async def _open(
    stack: AsyncExitStack,
    platform: PlatformSettings,
    settings: AlertsSettings,
    policy: AlertPolicy,
) -> _Resources:
    clock = SystemClock()
    recorder = Metrics((*KIT_CATALOGUE, *metrics.ALERTS_CATALOGUE))
    pool = await create_pool(
        platform.service_dsn("alerts"),
        role="tocsin_alerts",
        application_name="tocsin-alerts",
        max_connections=16,
        idle_in_transaction_seconds=platform.idle_in_transaction_seconds,
    )
    stack.push_async_callback(close_pool, pool)
    producer = KafkaProducer(
        bootstrap=platform.kafka_bootstrap, client_id="tocsin-alerts", recorder=recorder
    )
    stack.push_async_callback(producer.stop)
    organisations = PostgresOrganisations(pool, bank_calendar=policy.calendar)
    mailboxes = DirectoryMailboxes(
        organisations, rights=MemberRights(pool, clock=clock), clock=clock
    )
    names = NameResolver()
    stack.push_async_callback(names.close)
    poster = HttpPoster(
        policy=settings.address_policy(),
        ssl_context=_tls(settings),
        resolver=names.resolve,
        deadline_seconds=settings.webhook_deadline_seconds,
    )
    stack.push_async_callback(poster.close)
    return _Resources(
        platform=platform,
        settings=settings,
        pool=pool,
        producer=producer,
        organisations=organisations,
        mailboxes=mailboxes,
        channels=ChannelRegistry(
            poster=poster,
            clock=clock,
            policy=settings.address_policy(),
            mail=_mail(settings, names.resolve, mailboxes),
        ),
        sealer=Sealer([sealing.read_key(key) for key in settings.sealing_keys()]),
        metrics=recorder,
        clock=clock,
    )


def _step_recorder(opened: _Resources, outbox: Outbox) -> StepRecorder:
    return StepRecorder(
        outbox=outbox,
        alerts_topic=opened.platform.alerts_topic,
        subscriber=DeliveryFanOut(opened.organisations, clock=opened.clock),
    )


def _now(opened: _Resources, reads: PostgresAlertReads) -> Now:
    """Returns the moment that deadlines compare with; in played history that of the log."""

    async def now() -> datetime:
        newest = await reads.newest_moment() if opened.settings.shows_log_time else None
        return newest or opened.clock.now()

    return now


def _outbox_measurement(opened: _Resources) -> Task:
    return measure_outbox(
        PostgresDatabase(opened.pool),
        schema=SCHEMA,
        topics=(opened.platform.alerts_topic, opened.platform.events_topic),
        recorder=opened.metrics,
        clock=opened.clock,
    )


def _duties(
    opened: _Resources,
    reads: PostgresAlertReads,
    step_recorder: StepRecorder,
    policy: AlertPolicy,
    on_step: Callable[[int], None],
) -> DutyLoop:
    sweep = PostgresDutySweep(
        pool=opened.pool,
        step_recorder=step_recorder,
        organisations=opened.organisations,
        fallback_queue=policy.routing.fallback_queue,
        clock=opened.clock,
    )
    return DutyLoop(sweep=sweep, now=_now(opened, reads), recorder=opened.metrics, on_step=on_step)


def _timers(
    opened: _Resources,
    reads: PostgresAlertReads,
    step_recorder: StepRecorder,
    policy: AlertPolicy,
    on_step: Callable[[int], None],
) -> TimerLoop:
    timers = PostgresAlertTimers(
        pool=opened.pool,
        step_recorder=step_recorder,
        organisations=opened.organisations,
        routing=policy.routing,
        clock=opened.clock,
        on_step=on_step,
    )
    poll_seconds = LOG_TIME_POLL_SECONDS if opened.settings.shows_log_time else POLL_SECONDS
    return TimerLoop(
        timers=timers,
        now=_now(opened, reads),
        recorder=opened.metrics,
        poll_seconds=poll_seconds,
    )


def _digests(opened: _Resources, reads: PostgresAlertReads, dispatcher: Dispatcher) -> DailyDigests:
    return DailyDigests(
        endpoints=PostgresEndpointRepository(pool=opened.pool, sealer=opened.sealer),
        rows=PostgresDigestRows(opened.pool),
        reading=AlertReading(reads, weekly_budget=opened.settings.weekly_budget),
        organisations=opened.organisations,
        scopes=MemberRights(opened.pool, clock=opened.clock),
        headlines=digest_rows.headlines,
        clock=opened.clock,
        on_added=dispatcher.wake,
    )


def _mail(
    settings: AlertsSettings, resolver: Resolve, mailboxes: DirectoryMailboxes
) -> MailChannel | None:
    server = settings.smtp_server()
    if server is None:
        return None
    sender = SmtpSender(
        server,
        policy=settings.smtp_address_policy(),
        ssl_context=_tls(settings),
        resolver=resolver,
        deadline_seconds=settings.webhook_deadline_seconds,
    )
    return MailChannel(sender=sender, from_address=server.sender, mailboxes=mailboxes)


def alert_policy(platform: PlatformSettings, settings: AlertsSettings) -> AlertPolicy:
    """Returns the alert policy of the bank.

    Raises:
        InvalidPolicy: If the routing file cannot be used.
        UnknownCalendar: If there is no calendar of the country.
    """
    country = settings.holiday_country
    return AlertPolicy(
        watches_deposit_customers=settings.watches_deposit_customers,
        recovery_days=settings.recovery_days,
        calendar=WorkingCalendar(
            timezone=ZoneInfo(platform.bank_timezone),
            opens=settings.opens,
            closes=settings.closes,
            holidays=(
                bank_holidays(country, settings.holiday_subdivision) if country else frozenset()
            ),
        ),
        routing=policy_files.read_routing(settings.routing_file or policy_files.SHIPPED_ROUTING),
    )


def _use_cases(
    opened: _Resources,
    policy: AlertPolicy,
    reads: PostgresAlertReads,
    repository: PostgresAlertRepository,
    approvals: Approvals,
) -> UseCases:
    directories = PostgresDirectories(opened.clock)
    silences = PostgresSilences()
    endpoints = PostgresEndpointRepository(pool=opened.pool, sealer=opened.sealer)
    return UseCases(
        reading=AlertReading(reads, weekly_budget=opened.settings.weekly_budget),
        work_list=WorkListReading(
            PostgresWorkListReads(opened.pool),
            organisations=opened.organisations,
            now=_now(opened, reads),
        ),
        handling=AlertHandling(
            repository=repository,
            organisations=opened.organisations,
            policy=policy,
            now=_now(opened, reads),
            new_id=time_ordered_id,
        ),
        endpoints=EndpointRegistry(
            repository=endpoints,
            check_target=opened.channels.check_target,
            clock=opened.clock,
            new_id=time_ordered_id,
            new_secret=sealing.new_secret,
        ),
        trial=EndpointTrial(
            repository=endpoints,
            channel=opened.channels,
            clock=opened.clock,
            new_id=time_ordered_id,
            link=opened.settings.public_url,
        ),
        deliveries=DeliveryLog(repository=PostgresDeliveryRepository(opened.pool)),
        sessions=PostgresSessions(opened.pool),
        approvals=approvals,
        silences=Silences(
            database=PostgresDatabase(opened.pool),
            repository=silences,
            approvals=approvals,
            clock=opened.clock,
            new_id=time_ordered_id,
        ),
        directory=DirectoryRegistry(
            database=PostgresDatabase(opened.pool),
            repository=directories,
            approvals=approvals,
            routed_queues=policy.routing.queues,
        ),
    )


def _approvals(opened: _Resources, outbox: Outbox) -> Approvals:
    """Returns the approvals of everything in alerts that needs two people: a kind of each wing."""
    parts = OverrideParts(
        borrowers=PostgresBorrowers(),
        events=OverrideOutbox(outbox, topic=opened.platform.events_topic),
        clock=opened.clock,
        zone=ZoneInfo(opened.platform.bank_timezone),
    )
    return Approvals(
        database=PostgresDatabase(opened.pool),
        repository=ApprovalTable(schema=SCHEMA, reads_all=True),
        kinds=[
            DirectoryApproval(PostgresDirectories(opened.clock)),
            SilenceApproval(PostgresSilences(), clock=opened.clock),
            *override_kinds(parts),
        ],
        clock=opened.clock,
    )


def _dispatcher(opened: _Resources) -> Dispatcher:
    settings = opened.settings
    base = settings.public_url.rstrip("/")
    return Dispatcher(
        queue=PostgresDeliveryQueue(
            pool=opened.pool,
            sealer=opened.sealer,
            card_link=lambda borrower_id: (
                base if borrower_id is None else f"{base}/borrowers/{quote(borrower_id, safe='')}"
            ),
        ),
        channel=JudgedChannel(opened.channels, rights=opened.mailboxes),
        clock=opened.clock,
        recorder=opened.metrics,
        new_token=time_ordered_id,
        draw=SystemRandom().random,
        limits=DispatchLimits(
            per_endpoint=settings.webhook_per_endpoint,
            lease_seconds=settings.webhook_lease_seconds,
            disable_after=timedelta(hours=settings.webhook_disable_after_hours),
        ),
        steps=AlertsFaultSettings().webhook_steps() or retry_plan.STEPS,
    )


def _relay(opened: _Resources, outbox: Outbox) -> OutboxRelay:
    return OutboxRelay(
        schema=SCHEMA,
        consumer=CONSUMER,
        outbox=outbox,
        database=PostgresDatabase(opened.pool),
        producer=opened.producer,
        recorder=opened.metrics,
        clock=opened.clock,
    )


def _quarantine(opened: _Resources) -> QuarantineReview:
    def check(value: bytes | None) -> str | None:
        try:
            assessment_wire.read(value)
        except assessment_wire.Unreadable as unreadable:
            return str(unreadable)
        return None

    return QuarantineReview(
        schema=SCHEMA,
        database=PostgresDatabase(opened.pool),
        producer=opened.producer,
        check=check,
        clock=opened.clock,
    )


def _consumer(opened: _Resources, handler: RiskHandler, relay: OutboxRelay) -> FencedConsumer:
    platform, settings = opened.platform, opened.settings
    owner = settings.instance_id or time_ordered_id()
    return FencedConsumer(
        reader=KafkaTopicReader(
            bootstrap=platform.kafka_bootstrap,
            topic=platform.risk_topic,
            group=f"{platform.topic_prefix}alerts",
            client_id=f"tocsin-alerts-{owner}",
            instance_id=settings.instance_id,
            session_timeout_seconds=settings.session_timeout_seconds,
        ),
        database=PostgresDatabase(opened.pool),
        progress=PostgresProgress(schema=SCHEMA, consumer=CONSUMER, owner=owner),
        handler=handler,
        recorder=opened.metrics,
        clock=opened.clock,
        relay=relay,
    )


def _request_limits(platform: PlatformSettings, settings: AlertsSettings) -> RequestLimits:
    limits = platform.request_limits()
    public_name = urlsplit(settings.public_url).hostname or ""
    return replace(limits, host_names=limits.host_names | {public_name})


def _tls(settings: AlertsSettings) -> ssl.SSLContext:
    context = httpx2.create_ssl_context(trust_env=False)
    if settings.webhook_ca_file is not None:
        context.load_verify_locations(cafile=settings.webhook_ca_file)
    return context


def _health(opened: _Resources, consumer: FencedConsumer, routing: RoutingPlan) -> Health:
    async def migrations() -> None:
        for name in (SCHEMA, "access"):
            if not await at_head(opened.pool, name):
                raise NotReady(f"schema {name} is not migrated; run `tocsin migrate`")

    async def partitions() -> None:
        if not consumer.has_joined:
            raise NotReady(
                "not a member of the consumer group yet: the topic of assessments is missing "
                "(`tocsin topics`), or the broker does not answer"
            )
        if any(state is State.CLAIMING for state in consumer.partitions.values()):
            raise NotReady("partitions are being claimed")

    health = Health(opened.clock)
    health.add_readiness_check("migrations", migrations)
    health.add_readiness_check("partitions", partitions)
    health.add_readiness_check("routing", routing_check(opened.organisations, routing.queues))
    health.add_note("stopped partitions", consumer.stopped)
    return health
