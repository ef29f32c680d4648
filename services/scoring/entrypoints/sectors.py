"""Sector stress, once a month: measures the last month-end and publishes it, then ends.

To be started by a scheduler after the month's last close. The exit status is 0 when the month is
published (a second run writes a duplicate), 1 when no month-end has come to every borrower yet or
the broker did not take it.
"""

from zoneinfo import ZoneInfo

import structlog

from services.kit import logs
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.metrics import Metrics
from services.kit.settings import PlatformSettings
from services.kit.stream.producer import KafkaProducer, ProduceFailed, Producer
from services.scoring.application.sectors import SectorWatch, stress_messages
from services.scoring.domain.assess.effects import iso
from services.scoring.domain.primitives.dates import last_day_of
from services.scoring.settings import ScoringSettings
from services.scoring.wiring import sector_watch

log = structlog.get_logger(__name__)


async def main(platform: PlatformSettings, settings: ScoringSettings) -> int:
    """Measure and publish; return the exit status."""
    logs.configure(
        service="scoring-sectors",
        level=platform.log_level,
        hash_key=platform.log_hash_key.get_secret_value(),
    )
    producer = KafkaProducer(
        bootstrap=platform.kafka_bootstrap,
        client_id="tocsin-scoring-sectors",
        recorder=Metrics(KIT_CATALOGUE),
    )
    try:
        async with sector_watch(platform, settings) as watch:
            return await publish(watch, producer, platform)
    except ProduceFailed as error:
        log.warning("no broker", error=repr(error))
        return 1
    finally:
        await producer.stop()


async def publish(watch: SectorWatch, producer: Producer, platform: PlatformSettings) -> int:
    """Publish the last finished month; return the exit status.

    Raises:
        ProduceFailed: If the broker did not take it.
    """
    month = await watch.last_month()
    if month is None:
        log.error("no date has been closed for every borrower yet")
        return 1
    measured = await watch.measure(month)
    found = await watch.stress(month) or []
    zone = ZoneInfo(platform.bank_timezone)
    await producer.publish_in_order(
        stress_messages(
            month, found, topic=platform.events_topic, partitions=platform.partitions, zone=zone
        )
    )
    log.info(
        "sector stress published",
        month_end=iso(last_day_of(month)),
        months_measured=measured,
        sectors=sum(one.z_micro is not None for one in found),
    )
    return 0
