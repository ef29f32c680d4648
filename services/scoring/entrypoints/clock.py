"""The scoring clock: closes each finished business date, once, for the whole bank.

It serves probes and metrics. A clock that is not the leader is ready too: it may take over at any
time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import asyncpg
import structlog

from services.kit import logs
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import Clock, SystemClock
from services.kit.clock_agreement import BrokerClock, RemoteClock, disagreement
from services.kit.http.application import create_probes_app
from services.kit.http.health import Health, NotReady
from services.kit.http.server import ServerOptions, serve
from services.kit.metrics import Metrics
from services.kit.settings import (
    PlatformSettings,
    StartRefused,
    effective,
    refuse_unknown_variables,
)
from services.kit.stream.producer import KafkaProducer, ProduceFailed, Producer
from services.scoring.adapters.clock_leader import LeaderCandidate, candidate
from services.scoring.application.control_events import EventsTopic
from services.scoring.application.day_close import (
    ClosedDates,
    TooManyMissed,
    close_messages,
    finished_dates,
)
from services.scoring.settings import ScoringFaultSettings, ScoringSettings
from services.scoring.wiring import events_topic

log = structlog.get_logger(__name__)


async def main(platform: PlatformSettings, settings: ScoringSettings) -> int:
    """Runs the clock until a signal arrives; returns the exit status."""
    logs.configure(
        service="scoring-clock",
        level=platform.log_level,
        hash_key=platform.log_hash_key.get_secret_value(),
    )
    refuse_unknown_variables(PlatformSettings, ScoringSettings, ScoringFaultSettings)
    if platform.day_close != "clock":
        log.error(
            "clock.not_configured",
            detail="TOCSIN_DAY_CLOSE is not `clock`; days would be closed twice",
        )
        return 2
    log.info("clock.starting", **effective(platform), **effective(settings))
    metrics = Metrics(KIT_CATALOGUE)
    producer = KafkaProducer(
        bootstrap=platform.kafka_bootstrap, client_id="tocsin-scoring-clock", recorder=metrics
    )
    process = ClockProcess(platform, settings, producer)
    health = process.health()
    limits = platform.request_limits()
    try:
        status = await serve(
            create_probes_app("scoring-clock", health=health, metrics=metrics, limits=limits),
            ServerOptions(host=settings.host, port=settings.clock_port),
            health=health,
            recorder=metrics,
            tasks={"clock": process.run},
        )
    finally:
        await producer.stop()
    if process.refusal is not None:
        raise process.refusal
    return status


async def close_finished(
    dates: ClosedDates,
    producer: Producer,
    topic: EventsTopic,
    clock: Clock,
    remotes: Mapping[str, RemoteClock],
) -> int:
    """Writes the close of every date that is over; returns how many there were.

    While the clocks disagree it writes none: a close that came too early is in the log for good.

    Raises:
        ProduceFailed: If the broker did not take one; the rest is left for the next time.
        TooManyMissed: If more dates are missing than the clock closes alone.
    """
    finished = finished_dates(
        clock.now(),
        last=await dates.last(),
        zone=topic.zone,
        released_until=await dates.released_until(),
    )
    if finished and (difference := await disagreement(clock, remotes)):
        log.error("clock.clocks_disagree", detail=difference)
        return 0
    for closed in finished:
        withdrawals = await dates.withdrawals_of(closed)
        await producer.publish_in_order(
            close_messages(closed, topic=topic, withdrawals=withdrawals)
        )
        await dates.save(closed)
        log.info("clock.date_closed", closed_date=closed.isoformat())
    return len(finished)


class Topics(Protocol):
    """The part of the producer that knows which topics exist."""

    async def partition_count(self, topic: str) -> int:
        """Returns the number of a topic's partitions; 0 if it does not exist."""
        ...


async def missing_topic(broker: Topics, names: Sequence[str]) -> str | None:
    """Returns what to do about the first topic that does not exist; None if all do.

    Raises:
        ProduceFailed: If the broker does not answer.
    """
    for name in names:
        if await broker.partition_count(name) == 0:
            return f"the topic {name} is missing; run `tocsin topics`"
    return None


class ClockProcess:
    """Closes days while this process is the leader, and knows whether it could."""

    def __init__(
        self, platform: PlatformSettings, settings: ScoringSettings, producer: KafkaProducer
    ) -> None:
        self.refusal: StartRefused | None = None
        self._platform = platform
        self._check_seconds = settings.clock_check_seconds
        self._producer = producer
        self._is_connected = False

    def health(self) -> Health:
        """Returns the probes of the process."""
        health = Health(SystemClock())
        health.add_readiness_check("database", self._database)
        health.add_readiness_check("broker", self._broker)
        return health

    async def run(self, stop: asyncio.Event) -> None:
        """Closes days until a stop is requested, or the start is refused."""
        while not stop.is_set():
            try:
                async with candidate(self._platform.service_dsn("scoring")) as leader:
                    self._is_connected = True
                    await self._lead(leader, stop)
            except StartRefused as error:
                self.refusal = error
                return
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("clock.database_unavailable", error=repr(error))
                self._is_connected = False
                await _wait(stop, self._check_seconds)

    async def _lead(self, leader: LeaderCandidate, stop: asyncio.Event) -> None:
        topic = events_topic(self._platform)
        broker = BrokerClock(self._producer, topic=self._platform.clock_topic)
        while not stop.is_set():
            dates = await leader.lead()
            if dates is not None:
                remotes: dict[str, RemoteClock] = {"PostgreSQL": dates.clock, "the broker": broker}
                try:
                    if missing := await missing_topic(self._producer, self._topics()):
                        log.warning("clock.topic_missing", detail=missing)
                    else:
                        await close_finished(dates, self._producer, topic, SystemClock(), remotes)
                except ProduceFailed as error:
                    log.warning("clock.broker_unavailable", error=repr(error))
                except TooManyMissed as error:
                    log.error("clock.too_many_dates_missed", detail=str(error))  # noqa: TRY400 - no defect
            await _wait(stop, self._check_seconds)

    def _topics(self) -> tuple[str, str]:
        return self._platform.events_topic, self._platform.clock_topic

    async def _database(self) -> None:
        if not self._is_connected:
            raise NotReady("PostgreSQL cannot be reached")

    async def _broker(self) -> None:
        if missing := await missing_topic(self._producer, self._topics()):
            raise NotReady(missing)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
