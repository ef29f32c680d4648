"""Workers are killed (SIGKILL) while they isolate, resume and withdraw; no byte differs in the end.

The short form here is a kill at each point; `make repeat` runs it 20 times, also on a busy machine.
"""

import asyncpg
import pytest

from services.cli.verify.commands import verified
from services.kit.settings import PlatformSettings
from services.scoring import wiring
from services.scoring.adapters import state_bytes
from services.scoring.wiring import Scoring
from tests.fakes.poisoned_worker import poisoned
from tests.fakes.scoring_worker import eager
from tests.fakes.wire_events import closed, paid, withdrawn
from tests.integration.kit.stream.members import until
from tests.integration.scoring.conftest import Feed, Run
from tests.integration.scoring.test_rulebooks_in_force import killed
from tests.integration.scoring.test_worker import portfolio
from tests.property.scoring.test_withdrawn_closes import but_numbers

pytestmark = pytest.mark.integration

DEFECT = "tests.fakes.poisoned_worker"
ISOLATED = ["B-3", "B-5"]
DAYS, WRONG = 60, 400


async def test_kills_during_isolation_resume_and_withdrawal_change_no_byte(
    run: Run,
    feed: Feed,
    platform: PlatformSettings,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events, later = portfolio(DAYS), [paid("B-3", 90, day=DAYS), closed(DAYS)]
    await feed(events)
    # Each point is passed in a transaction of its own, so the second kill loses the second one.
    for point in ("mid-isolation", "mid-isolation:2"):
        await killed(platform, point, module=DEFECT)
    with monkeypatch.context() as defect:
        defect.setattr(wiring, "build_codec", poisoned)
        async with run() as scoring:
            findings = await verified(platform, "default", wait_seconds=60)
            assert await isolated_in(scoring) == ISOLATED
    assert findings.verified, findings.obstacles

    # An operator requests both, and no worker runs meanwhile.
    await request_resumes(database_url)
    await killed(platform, "mid-resume")
    await killed(platform, "mid-resume:2")
    async with run() as scoring:

        async def is_nobody_isolated() -> bool:
            return not await isolated_in(scoring)

        await until(is_nobody_isolated)
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.verified, findings.obstacles
    assert await stored(database_url) == {
        name: state_bytes.encode(each) for name, each in eager(events).borrowers.items()
    }

    await feed([closed(WRONG)])
    await killed(platform, "mid-sweep:2")
    # B-3 gets the withdrawal by an event of its own, the others by the sweep.
    await feed([withdrawn(WRONG, day=DAYS), *later])
    for point in ("mid-withdrawal", "mid-withdrawal:2", "mid-withdrawal:3", "mid-sweep:2"):
        await killed(platform, point)
    async with run():
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.verified, findings.obstacles
    never = eager([*events, *later]).borrowers
    assert {
        name: but_numbers(state_bytes.decode(raw))
        for name, raw in (await stored(database_url)).items()
    } == {name: but_numbers(each) for name, each in never.items()}


async def isolated_in(scoring: Scoring) -> list[str]:
    """Return the ids of the borrowers that are isolated."""
    return [each.borrower_id for each in await scoring.isolated.listed(after="", limit=10)]


async def stored(database_url: str) -> dict[str, bytes]:
    """Return the stored bytes of every borrower."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT borrower_id, state FROM scoring.borrower")
    finally:
        await connection.close()
    return {row["borrower_id"]: row["state"] for row in rows}


async def request_resumes(database_url: str) -> None:
    """Let every isolated borrower resume."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "UPDATE scoring.borrower SET resume_requested = true WHERE isolated_reason IS NOT NULL"
        )
    finally:
        await connection.close()
