"""The portfolio's queries on the real database give what they give over memory."""

import pytest

from services.cli.verify.commands import verified
from services.kit.settings import PlatformSettings
from services.scoring.application.portfolio import Period, Portfolio, Wanted
from services.scoring.application.reading import Viewer
from tests.fakes.portfolio_in_memory import log_of_fifty_five_days, portfolio_of
from tests.fakes.scoring_events import START
from tests.fakes.scoring_worker import MemoryWorker
from tests.integration.scoring.conftest import Feed, Run

pytestmark = pytest.mark.integration

EVERYTHING = Viewer(officer_id=None, sees_everything=True)
ANN = Viewer(officer_id="ann", sees_everything=False)
FIRST = START.toordinal()
PERIOD = Period(first=FIRST, last=FIRST + 60, currency="EUR")


async def asked(portfolio: Portfolio) -> list[object]:
    """Return the answers to all kinds of questions."""
    found: list[object] = []
    for viewer in (EVERYTHING, ANN):
        for wanted in (
            Wanted(),
            Wanted(limit=1),
            Wanted(after="B-1", branch_id="branch-1"),
            Wanted(segment="RETAIL"),
            Wanted(states=("WATCH",)),
            Wanted(officer_id="bob"),
        ):
            found.append(await portfolio.near(wanted, viewer=viewer))
            found.append(await portfolio.exits(wanted, viewer=viewer))
            ending = portfolio.maturities(wanted, first=FIRST, last=FIRST + 90, viewer=viewer)
            found.append(await ending)
    found.append(await portfolio.risk_points(PERIOD))
    return found


async def test_the_database_and_memory_answer_alike(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    log = log_of_fifty_five_days()
    memory = MemoryWorker()
    await memory.apply(log)
    await memory.finish_sweeps()
    await feed(log)
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        real = await asked(scoring.portfolio)
    assert real == await asked(portfolio_of(memory))
    assert real[0].items  # type: ignore[attr-defined]  # it was about something
