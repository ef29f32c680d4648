"""The scoring clock: closes each finished business date, once, for the whole bank."""

import asyncio
import signal
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from services.kit import logs
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import Clock, SystemClock
from services.kit.metrics import Metrics
from services.kit.settings import PlatformSettings, effective
from services.kit.stream.producer import KafkaProducer, ProduceFailed, Producer
from services.scoring.adapters.clock_leader import Candidate, candidate
from services.scoring.application.closing import ClosedDates, close_messages, finished_dates
from services.scoring.settings import ScoringSettings

log = structlog.get_logger(__name__)


async def main(platform: PlatformSettings, settings: ScoringSettings) -> int:
    """Run the clock until a signal comes; return the exit status."""
    logs.configure(
        service="scoring-clock",
        level=platform.log_level,
        hash_key=platform.log_hash_key.get_secret_value(),
    )
    if settings.day_close != "clock":
        log.error("TOCSIN_SCORING_DAY_CLOSE is not `clock`; days would be closed twice")
        return 2
    log.info("starting", **effective(platform), **effective(settings))
    metrics = Metrics(KIT_CATALOGUE)
    producer = KafkaProducer(
        bootstrap=platform.kafka_bootstrap, client_id="tocsin-scoring-clock", recorder=metrics
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await _keep_time(platform, settings, producer, stop)
    finally:
        await producer.stop()
    return 0


async def close_finished(
    dates: ClosedDates, producer: Producer, platform: PlatformSettings, clock: Clock
) -> int:
    """Write the close of every date that is over; return how many there were.

    Raises:
        ProduceFailed: If the broker did not take one; the rest is left for the next time.
    """
    zone = ZoneInfo(platform.bank_timezone)
    closed = 0
    for finished in finished_dates(clock.now(), last=await dates.last(), zone=zone):
        await producer.publish_in_order(
            close_messages(
                finished, topic=platform.events_topic, partitions=platform.partitions, zone=zone
            )
        )
        await dates.remember(finished)
        log.info("date closed", closed_date=finished.isoformat())
        closed += 1
    return closed


async def _keep_time(
    platform: PlatformSettings, settings: ScoringSettings, producer: Producer, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        try:
            async with candidate(platform.dsn) as one:
                await _lead(one, platform, settings, producer, stop)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("no database", error=repr(error))
            await _wait(stop, settings.clock_look_seconds)


async def _lead(
    one: Candidate,
    platform: PlatformSettings,
    settings: ScoringSettings,
    producer: Producer,
    stop: asyncio.Event,
) -> None:
    while not stop.is_set():
        dates = await one.lead()
        if dates is not None:
            try:
                await close_finished(dates, producer, platform, SystemClock())
            except ProduceFailed as error:
                log.warning("no broker", error=repr(error))
        await _wait(stop, settings.clock_look_seconds)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
