"""An activated rulebook decides from the next day close on, on the real stack, restarts included.

The house rulebook is the shipped default with one change: a single day past due is a reason for
attention. Under the shipped one four days are none.
"""

import asyncio
import hashlib
import os
import signal
import sys

import asyncpg
import pytest

from lab.stack.ports import free_ports
from services.cli.verify.commands import verified
from services.kit.approvals.proposals import DecisionOutcome, Step
from services.kit.settings import PlatformSettings
from services.scoring.adapters.rulebook_reader import SHIPPED, read_text
from services.scoring.application.borrower_queries import Viewer
from services.scoring.application.rulebook_workflow import RulebookApproval
from services.scoring.wiring import Scoring
from tests.fakes.wire_events import START, booked, closed, event, paid, registered, scheduled
from tests.integration.scoring.conftest import PARTITIONS, Feed, Run

pytestmark = pytest.mark.integration

ANA, BEN = Step(by="ana", reason="for spring"), Step(by="ben", reason="seen")
HOUSE = (
    (SHIPPED / "default.yaml")
    .read_text(encoding="utf-8")
    .replace("rulebook: default", "rulebook: house")
    .replace('any_of: ["R-01 >= 5 d", "R-09 >= 5 d"]', 'any_of: ["R-01 >= 1 d"]')
)
CALM = HOUSE.replace('any_of: ["R-01 >= 1 d"]', 'any_of: ["R-01 >= 25 d"]').replace(
    'version: "1.0"', 'version: "1.1"'
)
PEOPLE = [f"B-{number}" for number in range(5)]
EVERYTHING = Viewer(sees_everything=True)
WAIT_SECONDS = 40


async def activate(scoring: Scoring, document: str) -> None:
    """Take a document from draft to activated, by two people."""
    book = read_text(document)
    kind, subject = RulebookApproval.name, RulebookApproval.subject(book.name, book.version)
    await scoring.rulebooks.draft(document, author=ANA.by)
    proposal = await scoring.approvals.propose(kind, subject, ANA)
    await scoring.approvals.decide(
        proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest
    )
    await scoring.rulebooks.activate(book.name, book.version, actor=ANA.by)


def activated(document: str, number: int, *, day: int) -> bytes:
    """Return an activation as the workflow writes it, dated within the test's days."""
    book = read_text(document)
    return event(
        "rulebook.activated",
        "*",
        f"rulebook-activated:{book.name}:{book.version}:{number}",
        day=day,
        name=book.name,
        version=book.version,
        digest=f"sha256:{hashlib.sha256(document.encode()).hexdigest()}",
        effective_date=str(START.fromordinal(START.toordinal() + day)),
        author="ana",
        approved_by=["ben"],
    )


async def states(pool: asyncpg.Pool) -> set[str]:
    rows = await pool.fetch("SELECT DISTINCT risk_state FROM scoring.borrower")
    return {row["risk_state"] for row in rows}


async def killed(
    platform: PlatformSettings, point: str, *, module: str = "services.scoring"
) -> None:
    """Run a worker as a process of its own until it is killed at a point."""
    [port] = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        env={
            **os.environ,
            "TOCSIN_KAFKA_BOOTSTRAP": platform.kafka_bootstrap,
            "TOCSIN_SCORING_DATABASE_URL": platform.service_dsn("scoring"),
            "TOCSIN_TOPIC_PREFIX": platform.topic_prefix,
            "TOCSIN_SCORING_PORT": str(port),
            "TOCSIN_SCORING_SWEEP_SIZE": "1",
            "TOCSIN_SCORING_SESSION_TIMEOUT_SECONDS": "6",
            "TOCSIN_FAULT_POINT": point,
        },
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            assert await process.wait() == -signal.SIGKILL, point
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def opening() -> list[bytes]:
    """All owe an instalment that fell due on day 5; the last closed day is day 8."""
    log = [raw for name in PEOPLE for raw in (registered(name), booked(name), scheduled(name))]
    return log + [closed(day) for day in range(9)]


async def test_states_follow_an_activated_rulebook_from_the_next_close_on_and_back(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    async with run() as scoring:
        pool = scoring.pool
        await activate(scoring, HOUSE)
        await activate(scoring, CALM)
        await feed(opening())
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        # The workflow's own activations are dated today and wait for that day to be closed.
        assert await states(pool) == {"NORMAL"}
        await feed([activated(HOUSE, 2, day=9)])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        assert await states(pool) == {"NORMAL"}
        await feed([closed(9)])
        findings = await verified(platform, "default", wait_seconds=WAIT_SECONDS)
        assert findings.differences == []
        assert await states(pool) == {"ATTENTION"}
        looked = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert (looked.assessment.rulebook, looked.assessment.rulebook_version) == ("house", "1.0")
        before = await scoring.borrowers.assessment(
            "B-1", as_of=START.fromordinal(START.toordinal() + 8), viewer=EVERYTHING
        )
        assert (before.assessment.rulebook, before.assessment.state) == ("default", "NORMAL")
        versions = await pool.fetch(
            "SELECT DISTINCT rulebook, rulebook_version FROM scoring.assessment "
            "WHERE risk_state = 'ATTENTION'"
        )
        assert [tuple(row) for row in versions] == [("house", "1.0")]
        # The way back: the other one, and then the first again.
        await feed(
            [activated(CALM, 2, day=10), closed(10), activated(HOUSE, 3, day=11), closed(11)]
        )
        findings = await verified(platform, "default", wait_seconds=WAIT_SECONDS)
        assert findings.differences == []
        assert findings.verified
        looked = await scoring.borrowers.assessment("B-2", as_of=None, viewer=EVERYTHING)
        assert looked.assessment.rulebook_version == "1.0"


async def test_a_worker_killed_between_activation_and_close_leaves_the_same_bytes(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    async with run() as scoring:
        await activate(scoring, HOUSE)
        await activate(scoring, CALM)
        await feed(opening())
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
    await feed([activated(HOUSE, 2, day=9), paid("B-1", 9, day=9, amount="10.00")])
    await killed(platform, "after-commit")
    await feed([closed(9)])
    await killed(platform, "mid-sweep:2")
    await feed([paid("B-2", 9, day=10, amount="10.00"), activated(CALM, 2, day=10), closed(10)])
    await killed(platform, "before-commit")
    await killed(platform, "mid-sweep:2")
    await feed([closed(11)])
    async with run() as scoring:
        findings = await verified(platform, "default", wait_seconds=WAIT_SECONDS)
        assert findings.differences == []
        assert findings.verified
        assert findings.borrowers == len(PEOPLE)
        assessments = await scoring.pool.fetch(
            "SELECT as_of, rulebook, rulebook_version, risk_state FROM scoring.assessment "
            "WHERE borrower_id = 'B-3' ORDER BY sequence"
        )
    # First by the rulebook that the settings name, then by the house's first version.
    assert tuple(assessments[0])[1:] == ("default", "1.0", "NORMAL")
    attention = [tuple(row) for row in assessments if row["risk_state"] == "ATTENTION"]
    assert attention[0] == (START.fromordinal(START.toordinal() + 9), "house", "1.0", "ATTENTION")


async def test_a_rulebook_that_is_named_and_not_stored_stops_the_partition(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed([*opening()[:3], activated(HOUSE, 1, day=0)])
    async with run() as scoring:
        async with asyncio.timeout(WAIT_SECONDS):
            while str(scoring.consumer.stopped()).count("reference_missing") < PARTITIONS:  # noqa: ASYNC110 - a state of the consumer, not an event
                await asyncio.sleep(0.1)
        assert await scoring.pool.fetchval("SELECT count(*) FROM scoring.control") == 0
