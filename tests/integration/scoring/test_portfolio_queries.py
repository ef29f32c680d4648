"""The portfolio's queries on the real database answer as those over memory do, and what falls due
is sent to the risk topic."""

import asyncio
import json
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from services.cli.verify.commands import verified
from services.kit.settings import PlatformSettings
from services.scoring.application.borrower_queries import Viewer
from services.scoring.application.portfolio_queries import BorrowerFilter, Period, PortfolioQueries
from tests.fakes.portfolio_in_memory import log_of_fifty_five_days, portfolio_of
from tests.fakes.scoring_worker import MemoryWorker
from tests.fakes.wire_events import START, event
from tests.integration.scoring.conftest import Feed, Run

pytestmark = pytest.mark.integration

EVERYTHING = Viewer(sees_everything=True)
ANN = Viewer(sees_everything=False, officer_ids=frozenset({"ann"}))
NOBODY = Viewer(sees_everything=False)
FIRST = START.toordinal()
PERIOD = Period(first=FIRST, last=FIRST + 60, currency="EUR")


async def asked(portfolio: PortfolioQueries) -> list[object]:
    """Return the answers to all kinds of questions."""
    answers: list[object] = []
    for viewer in (EVERYTHING, ANN, NOBODY):
        for borrowers in (
            BorrowerFilter(),
            BorrowerFilter(limit=1),
            BorrowerFilter(after="B-1", branch_id="branch-1"),
            BorrowerFilter(segment="RETAIL"),
            BorrowerFilter(states=("WATCH",)),
            BorrowerFilter(officer_id="bob"),
        ):
            answers.append(await portfolio.near_triggers(borrowers, viewer=viewer))
            answers.append(await portfolio.exit_candidates(borrowers, viewer=viewer))
            ending = portfolio.maturities(borrowers, first=FIRST, last=FIRST + 90, viewer=viewer)
            answers.append(await ending)
        answers.append(await portfolio.risk_points(PERIOD, viewer=viewer))
    return answers


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
    whole, of_ann, of_nobody = real[len(real) // 3 - 1 :: len(real) // 3]  # the risk points
    assert whole != of_ann
    assert of_nobody == []


async def test_a_month_start_and_a_due_inspection_are_emitted_and_listed(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    visited = event(
        "inspection.recorded",
        "B-1",
        "B-1-visit",
        day=3,
        inspection_id="V-1",
        inspection_date="2026-01-08",
        kind="CALL",
        outcome="SATISFACTORY",
        officer_id="ann",
        next_due_date="2026-02-16",
    )
    log = log_of_fifty_five_days()
    first_close = next(index for index, raw in enumerate(log) if b"day.closed" in raw)
    await feed([*log[: first_close + 3], visited, *log[first_close + 3 :]])
    async with run() as scoring:
        findings = await verified(platform, "default", wait_seconds=60)
        wanted = BorrowerFilter(officer_id="ann")
        march = await scoring.portfolio.maturities(
            wanted, first=FIRST + 55, last=FIRST + 85, viewer=ANN
        )
    assert findings.differences == []
    assert findings.verified
    events = await on_the_risk_topic(platform, findings.risk_events)
    (maturity,) = [event for event in events if event["type"] == "maturity.approaching.v1"]
    (ending,) = march.items
    assert maturity["data"]["loan_id"] == ending.maturity.loan_id == "B-2-O"
    assert maturity["data"]["difficulty"] == ending.difficulty == "MEDIUM"  # B-2 is on watch
    assert maturity["data"]["as_of"] == "2026-02-28"
    (due,) = [event["data"] for event in events if event["type"] == "inspection.fell-due.v1"]
    # Seven weeks late by then: on watch, so somebody has to go there.
    assert (due["borrower_id"], due["due_date"], due["as_of"]) == (
        "B-1",
        "2026-02-16",
        "2026-02-16",
    )
    assert (due["kind"], due["state"]) == ("SITE_VISIT", "WATCH")


async def on_the_risk_topic(platform: PlatformSettings, number: int) -> list[dict[str, Any]]:
    """Return this number of messages of the risk topic."""
    consumer = AIOKafkaConsumer(
        platform.risk_topic,
        bootstrap_servers=platform.kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while len(events) < number:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                events += [json.loads(record.value) for record in records]
    await consumer.stop()
    return events
