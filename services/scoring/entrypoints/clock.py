"""The scoring clock: closes each finished business date, once, for the whole bank."""

import asyncio
import signal
from collections.abc import Mapping

import asyncpg
import structlog

from services.kit import logs
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import Clock, SystemClock
from services.kit.clock_agreement import BrokerClock, RemoteClock, disagreement
from services.kit.metrics import Metrics
from services.kit.settings import PlatformSettings, effective, warn_of_unknown_variables
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
    warn_of_unknown_variables(PlatformSettings, ScoringSettings, ScoringFaultSettings)
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
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await _run(platform, settings, producer, stop)
    finally:
        await producer.stop()
    return 0


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


async def _run(
    platform: PlatformSettings,
    settings: ScoringSettings,
    producer: KafkaProducer,
    stop: asyncio.Event,
) -> None:
    while not stop.is_set():
        try:
            async with candidate(platform.service_dsn("scoring")) as leader:
                await _lead(leader, platform, settings, producer, stop)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("clock.database_unavailable", error=repr(error))
            await _wait(stop, settings.clock_check_seconds)


async def _lead(
    leader: LeaderCandidate,
    platform: PlatformSettings,
    settings: ScoringSettings,
    producer: KafkaProducer,
    stop: asyncio.Event,
) -> None:
    topic = events_topic(platform)
    broker = BrokerClock(producer, topic=platform.clock_topic)
    while not stop.is_set():
        dates = await leader.lead()
        if dates is not None:
            remotes: dict[str, RemoteClock] = {"PostgreSQL": dates.clock, "the broker": broker}
            try:
                await close_finished(dates, producer, topic, SystemClock(), remotes)
            except ProduceFailed as error:
                log.warning("clock.broker_unavailable", error=repr(error))
            except TooManyMissed as error:
                log.error("clock.too_many_dates_missed", detail=str(error))  # noqa: TRY400 - no defect
        await _wait(stop, settings.clock_check_seconds)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
