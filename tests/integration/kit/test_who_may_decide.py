"""Who may decide, on the real database: by the service, and by SQL with the service's rights."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest

from lab.stack.logins import service_url
from services.kit.access import relations
from services.kit.access.keys import Role
from services.kit.access.relations import DecisionRights, PersonLimit, PersonRelation
from services.kit.approvals.proposals import (
    DecisionOutcome,
    EntryFilter,
    NoSuchProposal,
    OtherPersonNeeded,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
    Step,
)
from services.kit.approvals.tables import ApprovalTable
from services.kit.approvals.workflow import Approvals
from services.kit.clock import SystemClock
from services.kit.database import Connection, PostgresDatabase, close_pool, create_pool
from tests.fakes import persons

pytestmark = pytest.mark.integration

PEOPLE = ("ana", "ben", "cem", "dana", "eli", "fay")
VOTE = """
INSERT INTO alerts.proposal_vote (proposal_id, digest, proposed_by, expires_at, person_id, approves,
                                  is_emergency, reason, voted_at)
SELECT id, digest, proposed_by, expires_at, $2, true, $3, 'why', now()
  FROM alerts.proposal WHERE id = $1
"""
DECIDE = """
INSERT INTO alerts.proposal_decision (proposal_id, outcome, reason, decided_by, decided_at)
VALUES ($1, $3, 'why', $2, now())
"""


class Vault:
    """A kind whose effect is counted."""

    name = "vault"
    proposers = deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=2)

    def __init__(self) -> None:
        self.opened: list[int] = []
        self.shown = ProposedChange(
            before={"door": "closed"}, after={"door": "open"}, effect="It opens."
        )

    async def change(self, _connection: Connection, _request: ProposalRequest) -> ProposedChange:
        return self.shown

    async def release(self, _connection: Connection, proposal: Proposal) -> None:
        self.opened.append(proposal.id)


class Directory(Vault):
    """The kind that replaces the decision rights."""

    name = "directory"
    rights = DecisionRights()

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        await relations.replace(connection, self.rights, approval_id=proposal.id)


@dataclass
class Bank:
    pool: asyncpg.Pool
    approvals: Approvals
    vault: Vault
    directory: Directory

    async def propose(self, by: str = "ana", kind: str = "vault") -> Proposal:
        return await self.approvals.propose(kind, "left", Step(by=by, reason="needed"))

    async def approve(self, proposal: Proposal, by: str, *, in_emergency: bool = False) -> Proposal:
        step = Step(by=by, reason="seen", in_emergency=in_emergency)
        return await self.approvals.decide(
            proposal.id, DecisionOutcome.APPROVED, step, digest=proposal.digest
        )

    async def reject(self, proposal: Proposal, by: str) -> Proposal:
        step = Step(by=by, reason="too early")
        return await self.approvals.decide(
            proposal.id, DecisionOutcome.REJECTED, step, digest=proposal.digest
        )

    async def activate(self, rights: DecisionRights) -> int:
        """Two people activate a directory with these rights."""
        self.directory.rights = rights
        proposal = await self.propose("eli", "directory")
        await self.approve(proposal, "fay")
        return proposal.id

    async def refused_by_sql(self, proposal: Proposal, person: str, code: str) -> None:
        with pytest.raises(asyncpg.CheckViolationError, match=code):
            await self.pool.execute(VOTE, proposal.id, person, False)


@pytest.fixture
async def bank(database_url: str) -> AsyncIterator[Bank]:
    await persons.register(database_url, *PEOPLE)
    pool = await create_pool(
        service_url(database_url, "alerts"), role="tocsin_alerts", application_name="test"
    )
    vault, directory = Vault(), Directory()
    approvals = Approvals(
        database=PostgresDatabase(pool),
        repository=ApprovalTable(schema="alerts", reads_all=True),
        kinds=[vault, directory],
        clock=SystemClock(),
    )
    yield Bank(pool, approvals, vault, directory)
    await close_pool(pool)


async def test_of_a_hundred_approvals_at_once_one_has_the_effect(
    bank: Bank, database_url: str
) -> None:
    crowd = [f"person-{number}" for number in range(100)]
    await persons.register(database_url, *crowd)
    proposal = await bank.propose()
    results = await asyncio.gather(
        *(bank.approve(proposal, person) for person in crowd), return_exceptions=True
    )
    assert sum(isinstance(result, Proposal) for result in results) == 1
    assert sum(isinstance(result, ProposalConflict) for result in results) == 99
    assert bank.vault.opened == [proposal.id]
    for table in ("proposal_vote", "proposal_decision"):
        assert await bank.pool.fetchval(f"SELECT count(*) FROM alerts.{table}") == 1


async def test_the_proposer_decides_by_no_spelling(bank: Bank) -> None:
    proposal = await bank.propose()
    for person in ("ana", "Ana", "ANA"):
        for step in (bank.approve, bank.reject):
            with pytest.raises(OtherPersonNeeded):
                await step(proposal, person)
        for in_emergency in (False, True):
            with pytest.raises(asyncpg.CheckViolationError, match="voter_is_not_the_proposer"):
                await bank.pool.execute(VOTE, proposal.id, person, in_emergency)
    assert bank.vault.opened == []


async def test_who_depends_on_the_proposer_decides_nothing(bank: Bank) -> None:
    related = PersonRelation(person_id="ana", related_id="ben", why="subordinate")
    await bank.activate(DecisionRights(relations=[related]))
    proposal = await bank.propose("ana")
    with pytest.raises(OtherPersonNeeded, match="subordinate, substitute or delegate"):
        await bank.approve(proposal, "ben")
    await bank.refused_by_sql(proposal, "ben", "RELATED")
    assert (await bank.approve(proposal, "cem")).outcome is DecisionOutcome.APPROVED


async def test_the_superior_decides(bank: Bank) -> None:
    related = PersonRelation(person_id="ana", related_id="ben", why="subordinate")
    await bank.activate(DecisionRights(relations=[related]))
    proposal = await bank.propose("ben")
    assert (await bank.approve(proposal, "ana")).outcome is DecisionOutcome.APPROVED


async def test_who_owns_what_it_is_about_decides_nothing(bank: Bank) -> None:
    bank.vault.shown = replace(bank.vault.shown, barred=frozenset({"ben"}))
    proposal = await bank.propose()
    with pytest.raises(OtherPersonNeeded, match="owns or originated"):
        await bank.approve(proposal, "ben")
    await bank.refused_by_sql(proposal, "ben", "OWNER")


async def test_who_is_not_registered_decides_nothing(bank: Bank) -> None:
    proposal = await bank.propose()
    for person in ("nobody", "Ben"):
        with pytest.raises(OtherPersonNeeded, match="not registered"):
            await bank.approve(proposal, person)
        await bank.refused_by_sql(proposal, person, "UNKNOWN")


async def test_a_conflict_lasts_for_every_proposal_about_the_borrower(bank: Bank) -> None:
    bank.vault.shown = replace(bank.vault.shown, borrower_id="b-1")
    first = await bank.propose()
    await bank.approvals.declare_conflict(first.id, Step(by="ben", reason="my brother's firm"))
    await bank.reject(first, "cem")
    second = await bank.propose()
    with pytest.raises(OtherPersonNeeded, match="conflict of interest"):
        await bank.approve(second, "ben")
    await bank.refused_by_sql(second, "ben", "CONFLICT")
    assert (await bank.approve(second, "dana")).outcome is DecisionOutcome.APPROVED


async def test_a_vote_with_another_digest_is_refused_by_sql(bank: Bank) -> None:
    proposal = await bank.propose()
    statement = VOTE.replace("SELECT id, digest", "SELECT id, sha256('x')")
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="vote_names_the_digest"):
        await bank.pool.execute(statement, proposal.id, "ben", False)


async def test_a_decision_without_enough_votes_is_refused_by_sql(bank: Bank) -> None:
    bank.vault.shown = replace(bank.vault.shown, needed=2)
    proposal = await bank.propose()
    await bank.pool.execute(VOTE, proposal.id, "ben", False)
    for outcome in ("APPROVED", "REJECTED"):
        with pytest.raises(asyncpg.CheckViolationError, match="has not the votes"):
            await bank.pool.execute(DECIDE, proposal.id, "ben", outcome)
    assert (await bank.approve(proposal, "cem")).outcome is DecisionOutcome.APPROVED


@pytest.mark.parametrize(("superior", "subordinate"), [("ben", "cem"), ("cem", "ben")])
async def test_one_person_alone_decides_nothing_for_a_machine(
    bank: Bank, superior: str, subordinate: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="two_people_decide_for_a_machine"):
        await bank.propose("system:scoring")
    bank.vault.shown = replace(bank.vault.shown, needed=2)
    proposal = await bank.propose("system:scoring")
    related = PersonRelation(person_id=superior, related_id=subordinate, why="subordinate")
    await bank.activate(DecisionRights(relations=[related]))
    assert (await bank.approve(proposal, "ben")).outcome is None
    with pytest.raises(ProposalConflict, match="voted already"):
        await bank.approve(proposal, "ben")
    # The second of the two is independent of the first.
    with pytest.raises(OtherPersonNeeded):
        await bank.approve(proposal, "cem")
    assert (await bank.approve(proposal, "dana")).outcome is DecisionOutcome.APPROVED


def limits(**amounts: int) -> list[PersonLimit]:
    return [
        PersonLimit(person_id=person, amount=Decimal(amount), currency="EUR")
        for person, amount in amounts.items()
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [("1000000", "EUR", None), ("1000000.01", "EUR", "LIMIT"), ("10", "USD", "LIMIT")],
)
async def test_a_limit_is_up_to_its_amount_in_its_currency(
    bank: Bank, amount: str, currency: str, code: str | None
) -> None:
    await bank.activate(DecisionRights(limits=limits(ben=1_000_000, cem=5_000_000)))
    bank.vault.shown = replace(bank.vault.shown, amount=Decimal(amount), currency=currency)
    proposal = await bank.propose()
    assert not proposal.by_committee
    if code is None:
        assert (await bank.approve(proposal, "ben")).outcome is DecisionOutcome.APPROVED
        return
    with pytest.raises(OtherPersonNeeded, match="above the person's limit"):
        await bank.approve(proposal, "ben")
    await bank.refused_by_sql(proposal, "ben", code)


@pytest.fixture
async def large(bank: Bank) -> Proposal:
    """A proposal above every limit, with a committee of three and two people on call."""
    rights = DecisionRights(
        limits=limits(ben=1_000), committee=["cem", "dana", "eli"], on_call=["ben", "fay", "ana"]
    )
    await bank.activate(rights)
    bank.vault.shown = replace(bank.vault.shown, amount=Decimal(2_000), currency="EUR")
    return await bank.propose()


async def test_above_every_limit_the_committee_decides_with_dissent_recorded(
    bank: Bank, large: Proposal
) -> None:
    assert (large.by_committee, large.change.needed, large.needed_to_reject) == (True, 2, 2)
    with pytest.raises(OtherPersonNeeded, match="the committee decides"):
        await bank.approve(large, "ben")
    await bank.refused_by_sql(large, "ben", "NOT_IN_COMMITTEE")
    assert (await bank.approve(large, "cem")).outcome is None
    assert (await bank.reject(large, "dana")).outcome is None
    decided = await bank.approve(large, "eli")
    assert decided.outcome is DecisionOutcome.APPROVED
    votes = [(vote.person_id, vote.approves, vote.reason) for vote in decided.votes]
    assert votes == [("cem", True, "seen"), ("dana", False, "too early"), ("eli", True, "seen")]
    assert bank.vault.opened == [large.id]


async def test_a_committee_rejects_when_no_majority_is_left(bank: Bank, large: Proposal) -> None:
    assert (await bank.reject(large, "cem")).outcome is None
    assert (await bank.reject(large, "dana")).outcome is DecisionOutcome.REJECTED
    assert bank.vault.opened == []


async def test_in_an_emergency_two_people_on_call_decide(bank: Bank, large: Proposal) -> None:
    with pytest.raises(OtherPersonNeeded, match="Only people on call"):
        await bank.approve(large, "cem", in_emergency=True)
    with pytest.raises(OtherPersonNeeded, match="proposer"):
        await bank.approve(large, "ana", in_emergency=True)
    assert (await bank.approve(large, "ben", in_emergency=True)).outcome is None
    with pytest.raises(asyncpg.CheckViolationError, match="has not the votes"):
        await bank.pool.execute(DECIDE, large.id, "ben", "APPROVED")
    decided = await bank.approve(large, "fay", in_emergency=True)
    assert decided.outcome is DecisionOutcome.APPROVED
    assert bank.vault.opened == [large.id]


OUT_OF_REACH = (
    "INSERT INTO access.decision_rights VALUES (1, '{}', '{ana}')",
    "DELETE FROM access.person_relation",
    "UPDATE access.approval_limit SET amount = 1e12",
    "UPDATE access.approval_entry SET proposed_by = 'eve'",
    "INSERT INTO access.approval_vote VALUES (1, 'ben', true, false, 'why', now())",
    "DELETE FROM access.conflict_of_interest",
    "INSERT INTO access.person VALUES ('eve', 'Eve', now())",
    "SELECT access.replace_decision_rights(1, '[]', '[]', '{}', '{}')",
    "UPDATE alerts.proposal_vote SET approves = true",
    "DELETE FROM alerts.proposal_decision",
)


async def test_a_service_cannot_give_itself_rights(bank: Bank) -> None:
    proposal = await bank.propose()
    await bank.reject(proposal, "ben")
    assert proposal.id == 1
    for statement in OUT_OF_REACH:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await bank.pool.execute(statement)


async def test_an_approved_directory_replaces_the_rights_once(bank: Bank) -> None:
    related = PersonRelation(person_id="ana", related_id="ben", why="subordinate")
    number = await bank.activate(DecisionRights(relations=[related]))
    with pytest.raises(asyncpg.UniqueViolationError):
        await relations.replace(bank.pool, DecisionRights(), approval_id=number)
    await bank.activate(DecisionRights())
    assert (await bank.approve(await bank.propose(), "ben")).outcome is DecisionOutcome.APPROVED


async def test_one_queue_lists_the_proposals_of_all_services(bank: Bank, database_url: str) -> None:
    own = await bank.propose()
    pool = await create_pool(
        service_url(database_url, "scoring"), role="tocsin_scoring", application_name="test"
    )
    try:
        scoring = Approvals(
            database=PostgresDatabase(pool),
            repository=ApprovalTable(schema="scoring"),
            kinds=[Vault()],
            clock=SystemClock(),
        )
        other = await scoring.propose("vault", "left", Step(by="ben", reason="needed"))
        entries = await bank.approvals.listed(EntryFilter(), only_open=True, reader="ben")
        assert [(each.proposal.id, each.proposal.service, each.refusal) for each in entries] == [
            (other.id, "scoring", "PROPOSER"),
            (own.id, "alerts", None),
        ]
        # It is decided in its own service alone.
        with pytest.raises(NoSuchProposal):
            await bank.approve(other, "cem")
        listed = await scoring.listed(EntryFilter(), only_open=True, reader="cem")
        assert [each.proposal.id for each in listed] == [other.id]
        assert (await bank.approvals.show(other.id, reader="cem")).refusal is None
    finally:
        await close_pool(pool)
