"""A PD model goes the way of rulebooks on the real stack: two people, a day boundary, and back."""

import pytest

from services.cli.verify.commands import verified
from services.kit.clock import SystemClock
from services.kit.database import PostgresDatabase
from services.kit.settings import PlatformSettings
from services.scoring import metrics
from services.scoring.adapters.census_store import PostgresCensus
from services.scoring.adapters.rulebook_edits import with_models
from services.scoring.adapters.rulebook_reader import SHIPPED
from services.scoring.application.drift_monitor import DriftMonitor
from tests.fakes.pd_models import a_model
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.wire_events import closed
from tests.integration.scoring.conftest import Feed, Run
from tests.integration.scoring.test_rulebooks_in_force import (
    EVERYTHING,
    PEOPLE,
    WAIT_SECONDS,
    activate,
    activated,
    opening,
)

pytestmark = pytest.mark.integration

PLAIN = (
    (SHIPPED / "default.yaml")
    .read_text(encoding="utf-8")
    .replace("rulebook: default", "rulebook: house")
)
INFORMED = with_models(PLAIN, {"champion": a_model("default")}, "1.1")
TRIED = with_models(
    INFORMED,
    {"champion": a_model("default"), "challenger": a_model("default", version="2", points=1.0)},
    "1.2",
)


async def test_a_model_is_in_force_from_the_next_close_on_counted_once_and_taken_back(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    async with run() as scoring:
        for document in (PLAIN, INFORMED, TRIED):
            await activate(scoring, document)
        await feed([*opening(), activated(INFORMED, 2, day=9)])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        before = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert before.assessment.opinions == []
        await feed([closed(9)])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        now = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert [opinion.model.version for opinion in now.assessment.opinions] == ["1"]
        # A challenger is tried with it; 31 January is day 26.
        await feed([activated(TRIED, 2, day=10), *(closed(day) for day in range(10, 27))])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        tried = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert [opinion.model.version for opinion in tried.assessment.opinions] == ["1", "2"]
        database, recorder = PostgresDatabase(scoring.pool), MemoryRecorder()
        latest = await database.in_transaction(PostgresCensus().latest)
        assert {(drift.version, drift.figure): drift.borrowers for drift in latest} == {
            (version, figure): len(PEOPLE)
            for version in ("1", "2")
            for figure in ("R-01", "R-03", "pd", "score")
        }
        # All five owe since day 5: 21 days are an intensity of 0.15, below the edge at 0.2.
        assert next(drift for drift in latest if drift.figure == "R-01").counts == [0, 5, 0]
        monitor = DriftMonitor(
            database, census=PostgresCensus(), recorder=recorder, clock=SystemClock()
        )
        await database.in_transaction(monitor.measure)
        assert recorder.total(metrics.PD_PSI, model="firms", version="1", figure="R-01") > 0.25
        await feed([activated(PLAIN, 2, day=27), closed(27)])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        back = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert back.assessment.opinions == []
        assert back.assessment.state == tried.assessment.state
        for last in (54, 55):
            await feed([closed(day) for day in range(28 if last == 54 else last, last + 1)])
            assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
            await database.in_transaction(monitor.measure)
            # Day 54 is 28 February: while it may still be counted, January's figures are shown.
            assert any(name == metrics.PD_PSI.name for name, _ in recorder.values) is (last == 54)
