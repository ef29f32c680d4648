"""Measures the sectors at the last month-end and publishes their stress, then ends.

A scheduler starts it after the month's last close. The exit status is 0 when the month is published
(a second run writes a duplicate), 1 when no month-end has come to every borrower yet or the broker
did not accept it.
"""

import structlog

from services.kit import logs
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.metrics import Metrics
from services.kit.settings import PlatformSettings, refuse_unknown_variables
from services.kit.stream.producer import KafkaProducer, ProduceFailed, Producer
from services.scoring.application.sector_stress import SectorMonitor, stress_messages
from services.scoring.domain.assess.effects import iso
from services.scoring.domain.primitives.dates import last_day_of
from services.scoring.settings import ScoringFaultSettings, ScoringSettings
from services.scoring.wiring import events_topic, sector_monitor

log = structlog.get_logger(__name__)


async def main(platform: PlatformSettings, settings: ScoringSettings) -> int:
    """Measures and publishes; returns the exit status."""
    logs.configure(
        service="scoring-sectors",
        level=platform.log_level,
        hash_key=platform.log_hash_key.get_secret_value(),
    )
    refuse_unknown_variables(PlatformSettings, ScoringSettings, ScoringFaultSettings)
    producer = KafkaProducer(
        bootstrap=platform.kafka_bootstrap,
        client_id="tocsin-scoring-sectors",
        recorder=Metrics(KIT_CATALOGUE),
    )
    try:
        async with sector_monitor(platform, settings) as monitor:
            return await publish(monitor, producer, platform)
    except ProduceFailed as error:
        log.warning("sectors.broker_unavailable", error=repr(error))
        return 1
    finally:
        await producer.stop()


async def publish(monitor: SectorMonitor, producer: Producer, platform: PlatformSettings) -> int:
    """Publishes the last finished month; returns the exit status.

    Raises:
        ProduceFailed: If the broker did not accept it.
    """
    month = await monitor.last_month()
    if month is None:
        log.error("sectors.no_month_end")
        return 1
    measured = await monitor.measure(month)
    sectors = await monitor.stress(month) or []
    await producer.publish_in_order(stress_messages(month, sectors, topic=events_topic(platform)))
    log.info(
        "sectors.stress_published",
        month_end=iso(last_day_of(month)),
        months_measured=measured,
        sectors=sum(each.z_micro is not None for each in sectors),
    )
    return 0
