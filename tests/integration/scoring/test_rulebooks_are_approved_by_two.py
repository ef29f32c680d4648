"""The tables themselves demand two people, and an activation reaches every partition."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from lab.stack.logins import service_url
from services.cli.verify.commands import verified
from services.kit.approvals.proposals import DecisionOutcome, OtherPersonNeeded, Step
from services.kit.database import create_pool
from services.kit.settings import PlatformSettings
from services.scoring.adapters.rulebook_reader import SHIPPED, read_text
from services.scoring.application.rulebook_workflow import RulebookApproval
from services.scoring.wiring import Scoring
from tests.fakes import persons
from tests.fakes.wire_events import registered
from tests.integration.scoring.conftest import PARTITIONS, Feed, Run

pytestmark = pytest.mark.integration

ANA, BEN = Step(by="ana", reason="for spring"), Step(by="ben", reason="seen")
TEXT = (SHIPPED / "reference.yaml").read_text(encoding="utf-8")
DOCUMENT = TEXT.replace("rulebook: reference", "rulebook: house")
VERSION = read_text(DOCUMENT).version
SUBJECT = RulebookApproval.subject("house", VERSION)
WAIT_SECONDS = 30
PROPOSE = """
INSERT INTO scoring.proposal (kind, subject, terms, before, after, effect, digest, barred,
                              deciders, needed, reason, proposed_by, proposed_at, expires_at)
VALUES ('rulebook', $1, '{}', '{}', '{}', 'in force', sha256('x'), '{}', '{APPROVER}', 1, 'why', $2,
        now(), now() + interval '1 day') RETURNING id
"""
VOTE = """
INSERT INTO scoring.proposal_vote (proposal_id, digest, proposed_by, expires_at, person_id,
                                   approves, is_emergency, reason, voted_at)
SELECT id, digest, $3, expires_at, $4, $2 = 'APPROVED', false, 'why', now()
  FROM scoring.proposal WHERE id = $1
"""
DECIDE = """
INSERT INTO scoring.proposal_decision (proposal_id, outcome, reason, decided_by, decided_at)
VALUES ($1, $2, 'why', $3, now())
"""
ACTIVATE = """
INSERT INTO scoring.rulebook_activation (name, version, number, author, proposal_id, actor, at,
                                         subject)
VALUES ('house', '1', 1, $2, $1, 'ana', now(), 'house 1')
"""


@pytest.fixture
async def as_service(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections with exactly the service's rights, and a draft of Ana's."""
    url = service_url(database_url, "scoring")
    await persons.register(database_url, "ana", "ben")
    pool = await create_pool(url, role="tocsin_scoring", application_name="test")
    await pool.execute(
        "INSERT INTO scoring.rulebook (name, version, document, author, drafted_at) "
        "VALUES ('house', '1', 'x', 'ana', now())"
    )
    yield pool
    await pool.close()


async def decide(
    pool: asyncpg.Pool, proposal: int, outcome: str, proposer: str, voter: str
) -> None:
    """Vote and decide with SQL alone."""
    await pool.execute(VOTE, proposal, outcome, proposer, voter)
    await pool.execute(DECIDE, proposal, outcome, voter)


async def test_sql_does_not_let_the_author_approve(as_service: asyncpg.Pool) -> None:
    proposal = await as_service.fetchval(PROPOSE, "house 1", "ana")
    for voter in ("ana", "Ana"):
        with pytest.raises(asyncpg.CheckViolationError, match="voter_is_not_the_proposer"):
            await as_service.execute(VOTE, proposal, "APPROVED", "ana", voter)
    # Nor by a vote that names another proposer, nor by a decision without a vote.
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await as_service.execute(VOTE, proposal, "APPROVED", "eva", "ana")
    for decider in ("ana", "ben"):
        with pytest.raises((asyncpg.ForeignKeyViolationError, asyncpg.CheckViolationError)):
            await as_service.execute(DECIDE, proposal, "APPROVED", decider)
    assert await as_service.fetchval("SELECT status FROM scoring.rulebook_standing") == "PROPOSED"


async def test_sql_does_not_let_a_proposal_of_another_person_pass(as_service: asyncpg.Pool) -> None:
    # Eva proposes Ana's draft, and Ana approves it: the author would decide.
    proposal = await as_service.fetchval(PROPOSE, "house 1", "eva")
    await decide(as_service, proposal, "APPROVED", "eva", "ana")
    for author in ("ana", "eva"):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await as_service.execute(ACTIVATE, proposal, author)


async def test_sql_activates_only_what_was_approved(as_service: asyncpg.Pool) -> None:
    proposal = await as_service.fetchval(PROPOSE, "house 1", "ana")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await as_service.execute(ACTIVATE, proposal, "ana")
    await decide(as_service, proposal, "REJECTED", "ana", "ben")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await as_service.execute(ACTIVATE, proposal, "ana")
    assert await as_service.fetchval("SELECT status FROM scoring.rulebook_standing") == "DRAFT"
    other = await as_service.fetchval(PROPOSE, "house 2", "ana")
    await decide(as_service, other, "APPROVED", "ana", "ben")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await as_service.execute(ACTIVATE, other, "ana")


async def test_sql_decides_nothing_after_its_expiry(as_service: asyncpg.Pool) -> None:
    late = PROPOSE.replace("now(), now() + interval '1 day'", "now() - interval '2 h', now()")
    proposal = await as_service.fetchval(late, "house 1", "ana")
    with pytest.raises(asyncpg.CheckViolationError, match="voted_before_it_expires"):
        await as_service.execute(VOTE, proposal, "APPROVED", "ana", "ben")
    assert await as_service.fetchval("SELECT status FROM scoring.rulebook_standing") == "DRAFT"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scoring.rulebook SET author = 'eva'",
        "UPDATE scoring.rulebook SET document = 'y'",
        "DELETE FROM scoring.rulebook",
        "UPDATE scoring.proposal SET proposed_by = 'eva'",
        "DELETE FROM scoring.proposal_decision",
        "TRUNCATE scoring.proposal_decision",
        "UPDATE scoring.rulebook_activation SET actor = 'eva'",
    ],
)
async def test_what_was_drafted_and_decided_cannot_be_changed(
    as_service: asyncpg.Pool, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_service.execute(statement)


async def approved(scoring: Scoring) -> None:
    """Take the document from draft to approved, by two people."""
    await scoring.rulebooks.draft(DOCUMENT, author=ANA.by)
    await scoring.approvals.propose(RulebookApproval.name, SUBJECT, ANA)
    with pytest.raises(OtherPersonNeeded):
        await approve(scoring, ANA)
    await approve(scoring, BEN)


async def approve(scoring: Scoring, step: Step) -> None:
    kind, approvals = RulebookApproval.name, scoring.approvals
    proposal = await approvals.latest(kind, SUBJECT)
    await approvals.decide(proposal.id, DecisionOutcome.APPROVED, step, digest=proposal.digest)


async def test_an_activation_is_in_the_log_of_every_partition_once(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed([registered("B-1")])
    async with run() as scoring:
        await approved(scoring)
        await scoring.rulebooks.activate("house", VERSION, actor="ana")
        rows = await _control_rows(scoring.pool)
        assert (await verified(platform, "default", wait_seconds=60)).verified
    assert sorted(row["partition"] for row in rows) == list(range(PARTITIONS))
    activation = json.loads(rows[0]["event"])
    assert activation["data"]["digest"] == "sha256:" + hashlib.sha256(DOCUMENT.encode()).hexdigest()
    assert (activation["data"]["author"], activation["data"]["approved_by"]) == ("ana", ["ben"])


async def test_steps_at_the_same_time_take_turns(run: Run) -> None:
    async with run() as scoring:
        await approved(scoring)
        activated = await asyncio.gather(
            *(scoring.rulebooks.activate("house", VERSION, actor="ana") for _ in range(4))
        )
    assert sorted(row.activations for row in activated) == [1, 2, 3, 4]


async def _control_rows(pool: asyncpg.Pool) -> list[Any]:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            rows: list[Any] = await pool.fetch("SELECT * FROM scoring.control")
            if len(rows) == PARTITIONS:
                return rows
            await asyncio.sleep(0.1)


async def test_two_decisions_at_the_same_time_are_one(run: Run) -> None:
    async with run() as scoring:
        await scoring.rulebooks.draft(DOCUMENT, author=ANA.by)
        await scoring.approvals.propose(RulebookApproval.name, SUBJECT, ANA)
        decided = await asyncio.gather(
            *(approve(scoring, Step(by=person, reason="seen")) for person in ("ben", "eva", "cem")),
            return_exceptions=True,
        )
    assert sorted(type(each).__name__ for each in decided) == [
        "NoneType",
        "ProposalConflict",
        "ProposalConflict",
    ]
