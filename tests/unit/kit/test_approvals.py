"""Two people decide, and an approval takes effect with the decision or not at all."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    CastVote,
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
from services.kit.approvals.workflow import REFUSALS, Approvals
from services.kit.database import Connection
from tests.fakes.approvals_in_memory import InMemoryApprovals, approvals_in_memory
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANA, BEN = Step(by="ana", reason="needed today"), Step(by="ben", reason="seen the list")
CEM = Step(by="cem", reason="seen it too")


class Vault:
    """A kind whose subjects are doors with a content; opening them is the effect."""

    name = "vault"
    proposers = frozenset({Role.RISK})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=2)

    def __init__(self) -> None:
        self.needed = 1
        self.borrower_id: str | None = None
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
            needed=self.needed,
            borrower_id=self.borrower_id,
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
    decided = await approvals.decide(
        proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest
    )
    assert (decided.decided_by, decided.outcome) == ("ben", DecisionOutcome.APPROVED)
    assert vault.opened == ["left"]


async def test_the_proposer_decides_nothing_by_whatever_spelling(
    approvals: Approvals, vault: Vault
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    for name in ("ana", "Ana", "ANA"):
        for outcome in DecisionOutcome:
            with pytest.raises(OtherPersonNeeded):
                await approvals.decide(
                    proposal.id, outcome, Step(by=name, reason="mine"), digest=proposal.digest
                )
    assert vault.opened == []


async def test_a_rejection_has_no_effect_and_is_final(approvals: Approvals, vault: Vault) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    await approvals.decide(proposal.id, DecisionOutcome.REJECTED, BEN, digest=proposal.digest)
    with pytest.raises(ProposalConflict, match="REJECTED already"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)
    assert vault.opened == []
    # It may be proposed again, as another proposal.
    assert (await approvals.propose("vault", "left", ANA)).id != proposal.id


async def test_an_effect_happens_once(approvals: Approvals, vault: Vault) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)
    with pytest.raises(ProposalConflict, match="APPROVED already"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)
    assert vault.opened == ["left"]


async def test_an_expired_proposal_is_proposed_again(
    approvals: Approvals, vault: Vault, clock: ManualClock
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    clock.advance(2 * 86_400)
    with pytest.raises(ProposalConflict, match="has expired"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)
    again = await approvals.propose("vault", "left", ANA)
    await approvals.decide(again.id, DecisionOutcome.APPROVED, BEN, digest=again.digest)
    assert vault.opened == ["left"]


async def test_what_changed_after_it_was_proposed_is_not_approved(
    approvals: Approvals, vault: Vault
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    vault.doors["left"] = b"lead"
    with pytest.raises(ProposalConflict, match="has changed"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)
    assert vault.opened == []
    await approvals.decide(proposal.id, DecisionOutcome.REJECTED, BEN, digest=proposal.digest)


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
    await approvals.decide(first.id, DecisionOutcome.REJECTED, BEN, digest=first.digest)
    assert await numbers(approvals, only_open=True) == [second.id]
    assert await numbers(approvals, only_open=False) == [second.id, first.id]
    clock.advance(3 * 86_400)
    assert await numbers(approvals, only_open=True) == []


async def numbers(approvals: Approvals, *, only_open: bool) -> list[int]:
    entries = await approvals.listed(EntryFilter(), only_open=only_open, reader="eva")
    return [entry.proposal.id for entry in entries]


async def test_what_does_not_exist_is_not_proposed(approvals: Approvals) -> None:
    for kind, subject in (("vault", "cellar"), ("garden", "left")):
        with pytest.raises(NoSuchProposal):
            await approvals.propose(kind, subject, ANA)
    with pytest.raises(NoSuchProposal):
        await approvals.decide(7, DecisionOutcome.APPROVED, BEN, digest=b"")


async def test_an_effect_that_fails_reaches_the_transaction(
    vault: Vault, clock: ManualClock
) -> None:
    repository = InMemoryApprovals()
    approvals = approvals_in_memory([vault], clock=clock, repository=repository)
    proposal = await approvals.propose("vault", "left", ANA)
    vault.is_stuck = True
    # The database rolls the decision back with it.
    with pytest.raises(OSError, match="stuck"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)


async def test_a_vote_names_the_digest_of_what_was_shown(
    approvals: Approvals, vault: Vault
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    other = await approvals.propose("vault", "right", ANA)
    for outcome in DecisionOutcome:
        with pytest.raises(ProposalConflict, match="digest"):
            await approvals.decide(proposal.id, outcome, BEN, digest=other.digest)
    assert vault.opened == []


@pytest.mark.parametrize(
    "code",
    ["UNKNOWN", "OWNER", "RELATED", "CONFLICT", "LIMIT", "NOT_IN_COMMITTEE", "NOT_ON_CALL"],
)
async def test_who_may_not_decide_is_given_the_reason(
    vault: Vault, clock: ManualClock, code: str
) -> None:
    repository = InMemoryApprovals()
    approvals = approvals_in_memory([vault], clock=clock, repository=repository)
    proposal = await approvals.propose("vault", "left", ANA)
    repository.refusals["ben"] = code
    with pytest.raises(OtherPersonNeeded, match=re.escape(REFUSALS[code])):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)
    assert vault.opened == []


async def test_what_needs_two_waits_for_the_second(vault: Vault, approvals: Approvals) -> None:
    vault.needed = 2
    proposal = await approvals.propose("vault", "left", ANA)
    first = await approvals.decide(
        proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest
    )
    assert (first.outcome, vault.opened) == (None, [])
    with pytest.raises(ProposalConflict, match="voted already"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)
    second = await approvals.decide(
        proposal.id, DecisionOutcome.APPROVED, CEM, digest=proposal.digest
    )
    assert (second.outcome, second.decided_by) == (DecisionOutcome.APPROVED, "cem")
    assert [vote.person_id for vote in second.votes] == ["ben", "cem"]
    assert vault.opened == ["left"]


async def test_a_conflict_is_declared_and_ends_the_right_to_decide(approvals: Approvals) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    await approvals.declare_conflict(proposal.id, Step(by="ben", reason="my brother's firm"))
    with pytest.raises(OtherPersonNeeded, match="conflict of interest"):
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)


VOTES = {"a": True, "d": False, "E": True}


@pytest.mark.parametrize(
    ("votes", "needed", "needed_to_reject", "outcome"),
    [
        ("a", 1, 1, DecisionOutcome.APPROVED),
        ("d", 1, 1, DecisionOutcome.REJECTED),
        # A committee of five: three approve, with one dissenting; three reject.
        ("ada", 3, 3, None),
        ("adaa", 3, 3, DecisionOutcome.APPROVED),
        ("addd", 3, 3, DecisionOutcome.REJECTED),
        # Two people on call.
        ("E", 3, 3, None),
        ("EE", 3, 3, DecisionOutcome.APPROVED),
        ("aE", 3, 3, None),
    ],
)
async def test_what_votes_decide(
    approvals: Approvals,
    votes: str,
    needed: int,
    needed_to_reject: int,
    outcome: DecisionOutcome | None,
) -> None:
    proposal = await approvals.propose("vault", "left", ANA)
    proposal = replace(
        proposal,
        change=replace(proposal.change, needed=needed),
        needed_to_reject=needed_to_reject,
    )
    cast = [
        CastVote(
            person_id=f"p{number}",
            approves=VOTES[sign],
            is_emergency=sign == "E",
            reason="seen",
            voted_at=NOW,
        )
        for number, sign in enumerate(votes)
    ]
    assert proposal.result(cast) is outcome
