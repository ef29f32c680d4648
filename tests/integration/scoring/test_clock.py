"""The clock's own rows on a real PostgreSQL."""

from datetime import date, timedelta

import pytest

from lab.stack.logins import service_url
from services.kit.approvals import DecisionOutcome, Step
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings
from services.scoring.adapters.clock_leader import candidate
from services.scoring.application.day_close import MissedDaysApproval
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
            await scoring.approvals.decide(proposal.id, outcome, ben)
        assert await dates.released_until() == late
        await dates.save(date(2026, 3, 1))
        await dates.save(date(2026, 2, 1))
        assert await dates.last() == date(2026, 3, 1)
        async with candidate(url) as other:
            assert await other.lead() is None
