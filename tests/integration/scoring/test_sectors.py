"""Sector stress end to end: measured in the database, published to the topic, felt by borrowers."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from services.cli.verify.commands import verified
from services.cli.verify.findings import VerifyFindings
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.metrics import Metrics
from services.kit.settings import PlatformSettings
from services.kit.stream.producer import KafkaProducer
from services.scoring.adapters.rulebook_reader import SHIPPED
from services.scoring.adapters.state_bytes import decode
from services.scoring.application.sector_stress import ALL_SECTORS
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives.dates import month_of
from services.scoring.domain.primitives.measurement import RED
from services.scoring.entrypoints.sectors import publish
from services.scoring.settings import ScoringSettings
from tests.fakes.wire_events import booked, closed, registered, scheduled
from tests.integration.scoring.conftest import Feed, RunWith

pytestmark = pytest.mark.integration

BUILDERS = [f"B-{number:02d}" for number in range(20)]
LATE = BUILDERS[:5]
MARCH = month_of(date(2026, 3, 31).toordinal())
PAST = """
INSERT INTO scoring.sector_month (month_end, sector, currency, exposure, stressed, borrowers)
SELECT (first + interval '1 month - 1 day')::date, sector, 'EUR', 100,
       CASE WHEN extract(month FROM first)::int % 2 = 0 THEN 8 ELSE 12 END, 20
  FROM generate_series('2024-03-01'::timestamp, '2025-12-01', '1 month') AS first,
       unnest(ARRAY['41', '*']) AS sector
"""


def first_quarter() -> list[bytes]:
    """Twenty builders owe 12,000 each; five of them pay nothing from 10 January on."""
    log = [registered(name, industry_code="41.20") for name in BUILDERS]
    log.append(registered("B-baker", industry_code="10.71"))
    log += [booked(name) for name in (*BUILDERS, "B-baker")]
    log += [scheduled(name) for name in LATE]
    return log + [closed(day) for day in range(86)]


@pytest.fixture
def rulebook(tmp_path: Path) -> str:
    """The default rulebook with X-02 switched on."""
    text = (SHIPPED / "default.yaml").read_text(encoding="utf-8")
    switched = text.replace("X-02: {weight: 0.10, enabled: false,", "X-02: {weight: 0.10,")
    assert switched != text
    path = tmp_path / "house.yaml"
    path.write_text(switched, encoding="utf-8")
    return str(path)


@pytest.fixture
async def producer(platform: PlatformSettings) -> AsyncIterator[KafkaProducer]:
    made = KafkaProducer(
        bootstrap=platform.kafka_bootstrap, client_id="test", recorder=Metrics(KIT_CATALOGUE)
    )
    yield made
    await made.stop()


async def test_stress_is_measured_published_once_and_adds_its_points(
    run_with: RunWith,
    feed: Feed,
    platform: PlatformSettings,
    rulebook: str,
    producer: KafkaProducer,
) -> None:
    async def at_rest() -> VerifyFindings:
        findings = await verified(platform, rulebook, wait_seconds=90)
        assert findings.differences == []
        assert findings.verified
        return findings

    await feed(first_quarter())
    async with run_with(ScoringSettings(sweep_size=50, rulebook=rulebook)) as scoring:
        await at_rest()
        await scoring.pool.execute(PAST)
        assert await publish(scoring.sectors, producer, platform) == 0
        readings = {
            reading.sector: reading for reading in await scoring.sectors.stress(MARCH) or []
        }
        # 22 months at 8 and 12 %, January and February, measured now, at 0: mean 9.1667 %,
        # deviation 3.3624 points. Five of twenty are 80 days late: 25 %.
        assert readings["41"].figures.share == 250_000
        assert readings["41"].z_micro is not None
        assert round(readings["41"].z_micro / 1_000_000, 3) == 4.709
        assert (readings["10"].figures.borrowers, readings["10"].z_micro) == (1, None)
        assert readings[ALL_SECTORS].figures.borrowers == 21
        before = await score_of(scoring.pool, "B-19"), await score_of(scoring.pool, "B-baker")
        await feed([closed(86)])
        first = await at_rest()
        assert before == ((0, "NORMAL"), (0, "NORMAL"))
        assert await score_of(scoring.pool, "B-19") == (100_000, "NORMAL")
        assert await score_of(scoring.pool, "B-baker") == (0, "NORMAL")
        row = await scoring.pool.fetchval(
            "SELECT state FROM scoring.borrower WHERE borrower_id = 'B-19'"
        )
        assert decode(row).signals.level[slot_of("X-02")] == RED
        # A scheduler that starts it twice writes a duplicate.
        assert await publish(scoring.sectors, producer, platform) == 0
        second = await at_rest()
        assert second.applied == first.applied
        assert second.duplicates == first.duplicates + platform.partitions
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await scoring.pool.execute("UPDATE scoring.sector_month SET stressed = 0")


async def test_without_a_closed_month_nothing_is_published(
    run_with: RunWith, platform: PlatformSettings, producer: KafkaProducer
) -> None:
    async with run_with(ScoringSettings()) as scoring:
        assert await publish(scoring.sectors, producer, platform) == 1


async def score_of(pool: asyncpg.Pool, name: str) -> tuple[int, str]:
    row = await pool.fetchrow(
        "SELECT score_micro, risk_state FROM scoring.borrower WHERE borrower_id = $1", name
    )
    return row["score_micro"], row["risk_state"]
