"""Two people decide, and an approval takes effect with the decision or not at all."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    DecisionOutcome,
    NoSuchProposal,
    OtherPersonNeeded,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
    Step,
)
from services.kit.approvals.workflow import Approvals
from services.kit.database import Connection
from tests.fakes.approvals_in_memory import InMemoryApprovals, approvals_in_memory
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANA, BEN = Step(by="ana", reason="needed today"), Step(by="ben", reason="seen the list")


class Vault:
    """A kind whose subjects are doors with a content; opening them is the effect."""

    name = "vault"
    proposers = frozenset({Role.RISK})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=2)

    def __init__(self) -> None:
        self.doors = {"left": b"gold", "right": b"silver"}
        self.opened: list[str] = []
        self.is_stuck = False

    async def change(self, _connection: Connection, request: ProposalRequest) -> ProposedChange:
        if request.subject not in self.doors:
            raise NoSuchProposal(f"there is no door {request.subject} for {request.proposer}")
        return ProposedChange(
            before={"door": "closed"},
            after={"door": "open", **request.terms},
            effect=f"The {request.subject} door opens.",
            attachment=self.doors[request.subject],
        )

    async def release(self, _connection: Connection, proposal: Proposal) -> None:
        if self.is_stuck:
            raise OSError("the door is stuck")
        self.opened.append(proposal.subject)


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def approvals(vault: Vault, clock: ManualClock) -> Approvals:
    return approvals_in_memory([vault], clock=clock)


async def test_the_second_persons_approval_brings_the_effect(
    approvals: Approvals, vault: Vault
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    content = (
        b'["vault","left",{},null,{"door":"closed"},{"door":"open"},"The left door opens."]\ngold'
    )
    assert proposal.digest == hashlib.sha256(content).digest()
    assert (proposal.expires_at, vault.opened) == (NOW + timedelta(days=2), [])
    decided = await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN)
    assert (decided.decided_by, decided.outcome) == ("ben", DecisionOutcome.APPROVED)
    assert vault.opened == ["left"]


async def test_the_proposer_decides_nothing_by_whatever_spelling(
    approvals: Approvals, vault: Vault
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    for name in ("ana", "Ana", "ANA"):
        for outcome in DecisionOutcome:
            with pytest.raises(OtherPersonNeeded):
                await approvals.decide(proposal.id, outcome, Step(by=name, reason="mine"))
    assert vault.opened == []


async def test_a_rejection_has_no_effect_and_is_final(approvals: Approvals, vault: Vault) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    await approvals.decide(proposal.id, DecisionOutcome.REJECTED, BEN)
    with pytest.raises(ProposalConflict, match="REJECTED already"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN)
    assert vault.opened == []
    # It may be proposed again, as another proposal.
    assert (await approvals.propose("vault", "left", ANA)).id != proposal.id


async def test_an_effect_happens_once(approvals: Approvals, vault: Vault) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN)
    with pytest.raises(ProposalConflict, match="APPROVED already"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN)
    assert vault.opened == ["left"]


async def test_an_expired_proposal_is_proposed_again(
    approvals: Approvals, vault: Vault, clock: ManualClock
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    clock.advance(2 * 86_400)
    with pytest.raises(ProposalConflict, match="has expired"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN)
    again = await approvals.propose("vault", "left", ANA)
    await approvals.decide(again.id, DecisionOutcome.APPROVED, BEN)
    assert vault.opened == ["left"]


async def test_what_changed_after_it_was_proposed_is_not_approved(
    approvals: Approvals, vault: Vault
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    vault.doors["left"] = b"lead"
    with pytest.raises(ProposalConflict, match="has changed"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN)
    assert vault.opened == []
    await approvals.decide(proposal.id, DecisionOutcome.REJECTED, BEN)


async def test_one_proposal_about_a_subject_is_open_at_a_time(approvals: Approvals) -> None:
    await approvals.propose("vault", "left", ANA)
    with pytest.raises(ProposalConflict, match="is open already"):
        await approvals.propose("vault", "left", BEN)
    assert (await approvals.propose("vault", "right", BEN)).subject == "right"


async def test_open_proposals_are_listed_the_newest_first(
    approvals: Approvals, clock: ManualClock
) -> None:
    first = await approvals.propose("vault", "left", ANA)
    second = await approvals.propose("vault", "right", ANA)
    await approvals.decide(first.id, DecisionOutcome.REJECTED, BEN)
    assert [each.id for each in await approvals.listed(only_open=True, limit=9)] == [second.id]
    every = await approvals.listed(only_open=False, limit=9)
    assert [each.id for each in every] == [second.id, first.id]
    clock.advance(3 * 86_400)
    assert await approvals.listed(only_open=True, limit=9) == []


async def test_what_does_not_exist_is_not_proposed(approvals: Approvals) -> None:
    for kind, subject in (("vault", "cellar"), ("garden", "left")):
        with pytest.raises(NoSuchProposal):
            await approvals.propose(kind, subject, ANA)
    with pytest.raises(NoSuchProposal):
        await approvals.decide(7, DecisionOutcome.APPROVED, BEN)


async def test_an_effect_that_fails_reaches_the_transaction(
    vault: Vault, clock: ManualClock
) -> None:
    repository = InMemoryApprovals()
    approvals = approvals_in_memory([vault], clock=clock, repository=repository)
    proposal = await approvals.propose("vault", "left", ANA)
    vault.is_stuck = True
    # The database rolls the decision back with it.
    with pytest.raises(OSError, match="stuck"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN)
