"""`tocsin verify` while events arrive: what is under way is never a difference."""

import asyncio

import pytest

from services.cli.verify.commands import verified
from services.cli.verify.findings import VerifyVerdict
from services.kit.settings import PlatformSettings
from tests.fakes.wire_events import booked, closed, failed, registered, scheduled
from tests.integration.scoring.conftest import Feed, Run

pytestmark = pytest.mark.integration

BORROWERS = [f"B-{number}" for number in range(20)]
DAYS = 30


async def test_verify_never_calls_what_is_under_way_a_difference(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    async with run():
        await feed([make(name) for name in BORROWERS for make in (registered, booked, scheduled)])

        async def live() -> None:
            for day in range(DAYS):
                events = [failed(name, day, day=day) for name in BORROWERS]
                await feed([*events, closed(day)])

        feeding = asyncio.create_task(live())
        verdicts = []
        while not feeding.done():
            findings = await verified(platform, "default")
            assert findings.verdict is not VerifyVerdict.NOT_VERIFIED, findings.differences
            verdicts.append(findings.verdict)
        await feeding
        assert verdicts
        assert (await verified(platform, "default", wait_seconds=60)).verified
