"""The clock's own rows on a real PostgreSQL."""

import asyncio
from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs

from lab.stack.logins import service_url
from services.cli.topics import ensure, planned
from services.kit.approvals.proposals import DecisionOutcome, Step
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings
from services.kit.stream.producer import KafkaProducer
from services.scoring.adapters.clock_leader import candidate
from services.scoring.application.day_close import MissedDaysApproval
from services.scoring.entrypoints.clock import ClockProcess
from services.scoring.settings import ScoringSettings
from tests.fakes.recorder import MemoryRecorder
from tests.integration.kit.stream.members import until
from tests.integration.scoring.conftest import Run

pytestmark = pytest.mark.integration


async def test_the_leader_reads_what_two_people_released(
    run: Run, platform: PlatformSettings
) -> None:
    today = SystemClock().now().date()
    late, later = today - timedelta(days=20), today - timedelta(days=3)
    url = service_url(platform.dsn, "scoring")
    ana, ben = Step(by="ana", reason="an outage"), Step(by="ben", reason="seen")
    async with run() as scoring, candidate(url) as process:
        dates = await process.lead()
        assert dates is not None
        assert await dates.released_until() is None
        for until, outcome in ((late, DecisionOutcome.APPROVED), (later, DecisionOutcome.REJECTED)):
            proposal = await scoring.approvals.propose(
                MissedDaysApproval.name, until.isoformat(), ana
            )
            await scoring.approvals.decide(proposal.id, outcome, ben, digest=proposal.digest)
        assert await dates.released_until() == late
        await dates.save(date(2026, 3, 1))
        await dates.save(date(2026, 2, 1))
        assert await dates.last() == date(2026, 3, 1)
        async with candidate(url) as other:
            assert await other.lead() is None


async def test_the_clock_names_a_missing_topic_and_closes_days_once_it_exists(
    platform: PlatformSettings,
) -> None:
    producer = KafkaProducer(
        bootstrap=platform.kafka_bootstrap, client_id="clock", recorder=MemoryRecorder()
    )
    process = ClockProcess(platform, ScoringSettings(clock_check_seconds=0.1), producer)
    health = process.health()
    health.started()
    missing = f"the topic {platform.clock_topic} is missing; run `tocsin topics`"
    stop = asyncio.Event()

    async def shows(**checks: str) -> bool:
        return (await health.ready()).checks == checks

    with capture_logs() as lines:
        running = asyncio.create_task(process.run(stop))
        await until(lambda: shows(database="ok", broker=missing))
        await until(lambda: {"clock.topic_missing"} == {line["event"] for line in lines})
        assert lines[0]["detail"] == missing
        await ensure(platform.kafka_bootstrap, topics=planned(platform, replicas=1))
        await until(lambda: shows(database="ok", broker="ok"))
        await until(lambda: lines[-1]["event"] == "clock.date_closed")
        stop.set()
        await running
    await producer.stop()
