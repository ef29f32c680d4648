"""The kinds of approval about a borrower: overrides by people, and relaxations by scoring.

An approval becomes `override.approved` on the events topic, in the transaction of the decision.
Scoring applies it in the order of the borrower's log, so the state remains the fold of the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from services.alerts.approvals.domain import override
from services.alerts.approvals.domain.override import (
    EXPIRES,
    RELAXATION,
    RELAXES_TO,
    SPECS,
    STATE,
    InvalidOverride,
    OverrideSpec,
)
from services.alerts.primitives.vocabulary import RiskState
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    ApprovalKind,
    InvalidTerms,
    NoSuchProposal,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
    Step,
)
from services.kit.approvals.workflow import Approvals
from services.kit.clock import Clock
from services.kit.database import Connection

PROPOSED_RELAXATION: Final = "proposed-relaxation"
SCORING: Final = "system:scoring"
WHY_PROPOSED: Final = "All conditions of the exit rule are met; two people decide."
# How long an approved relaxation waits for a close at which nothing blocks it.
RELAXATION_DAYS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowerFacts:
    """A borrower as a proposal shows it.

    Attributes:
        owners: The persons who own the borrower, and so decide nothing about it.
    """

    borrower_id: str
    partition: int
    state: RiskState
    state_since: date
    flags: tuple[str, ...]
    exposure: Decimal
    currency: str
    owners: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedOverride:
    """An override that other people approved."""

    spec: OverrideSpec
    terms: Mapping[str, Any]
    borrower: BorrowerFacts
    proposal: Proposal
    effective: date
    at: datetime


class ProposalBorrowers(Protocol):
    """The borrowers as alerts knows them."""

    async def find(self, connection: Connection, borrower_id: str) -> BorrowerFacts | None:
        """Returns a borrower, with its row locked."""
        ...


class OverrideEvents(Protocol):
    """Sends approved overrides to the events topic."""

    async def send(self, connection: Connection, approved: ApprovedOverride) -> None:
        """Appends the event to the outbox, in the caller's transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideParts:
    """What the kinds share; `zone` is the bank's, whose date an override begins on."""

    borrowers: ProposalBorrowers
    events: OverrideEvents
    clock: Clock
    zone: ZoneInfo

    def today(self) -> date:
        """Returns the bank's date."""
        return self.clock.now().astimezone(self.zone).date()

    async def borrower(self, connection: Connection, borrower_id: str) -> BorrowerFacts:
        """Returns a borrower.

        Raises:
            NoSuchProposal: If there is none.
        """
        borrower = await self.borrowers.find(connection, borrower_id)
        if borrower is None:
            raise NoSuchProposal(f"There is no borrower {borrower_id}.")
        return borrower


class OverrideApproval:
    """An override that a person proposes; the subject is the borrower."""

    proposers = frozenset({Role.RISK, Role.WORKOUT})
    valid_for = timedelta(days=14)

    def __init__(self, spec: OverrideSpec, parts: OverrideParts) -> None:
        self.name = spec.name
        self.deciders = frozenset({Role.APPROVER} | (set() if spec.relaxes else {Role.RISK}))
        self._spec = spec
        self._parts = parts

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns the state and the flags before, and the terms after."""
        borrower = await self._parts.borrower(connection, request.subject)
        try:
            override.check_terms(
                self._spec, request.terms, state=borrower.state, today=self._parts.today()
            )
        except InvalidOverride as error:
            raise InvalidTerms(str(error)) from error
        return change_of(self._spec, request.terms, borrower)

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Sends the override to scoring."""
        borrower = await self._parts.borrower(connection, proposal.subject)
        await send(self._parts, connection, self._spec, proposal, borrower, proposal.terms)


class ProposedRelaxation:
    """A relaxation that scoring proposes; the subject is the borrower and since when its state is.

    A machine proposes, so two people approve.
    """

    name = PROPOSED_RELAXATION
    proposers: frozenset[Role] = frozenset()
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=30)

    def __init__(self, parts: OverrideParts) -> None:
        self._parts = parts

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns the state before and after, while scoring still proposes it."""
        borrower_id, _, since = request.subject.rpartition(" ")
        borrower = await self._parts.borrower(connection, borrower_id)
        if not is_proposed(borrower) or str(borrower.state_since) != since:
            raise ProposalConflict("Scoring does not propose it any more.")
        return change_of(RELAXATION, {STATE: RELAXES_TO[borrower.state].value}, borrower, needed=2)

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Sends the relaxation to scoring."""
        borrower_id, _, _ = proposal.subject.rpartition(" ")
        borrower = await self._parts.borrower(connection, borrower_id)
        expires = self._parts.today() + timedelta(days=RELAXATION_DAYS)
        terms = {STATE: str(proposal.change.after[STATE]), EXPIRES: expires.isoformat()}
        await send(self._parts, connection, RELAXATION, proposal, borrower, terms)


def change_of(
    spec: OverrideSpec, terms: Mapping[str, Any], borrower: BorrowerFacts, *, needed: int = 1
) -> ProposedChange:
    """Returns what an override would change; the exposure is what the limit is compared with."""
    before: dict[str, Any] = {
        STATE: borrower.state.value,
        "state_since": borrower.state_since.isoformat(),
    }
    after = {**before, **terms}
    if STATE in terms:
        after["state_since"] = None
    if spec.flag is not None:
        before["flags"] = sorted(borrower.flags)
        without = set(borrower.flags) - {spec.flag}
        after["flags"] = sorted(without if spec.relaxes else without | {spec.flag})
    return ProposedChange(
        before=before,
        after=after,
        effect=override.sentence(spec, terms),
        borrower_id=borrower.borrower_id,
        amount=borrower.exposure,
        currency=borrower.currency,
        barred=borrower.owners,
        needed=needed,
    )


def is_proposed(borrower: BorrowerFacts) -> bool:
    """Returns whether scoring proposes to relax the state of a borrower."""
    return "RELAXATION_PROPOSED" in borrower.flags and borrower.state in RELAXES_TO


async def send(
    parts: OverrideParts,
    connection: Connection,
    spec: OverrideSpec,
    proposal: Proposal,
    borrower: BorrowerFacts,
    terms: Mapping[str, Any],
) -> None:
    """Sends an approved override to scoring; it is in force from the day of the decision."""
    assert proposal.decided_at is not None
    stated = terms.get(override.EFFECTIVE)
    decided_on = proposal.decided_at.astimezone(parts.zone).date()
    approved = ApprovedOverride(
        spec=spec,
        terms=terms,
        borrower=borrower,
        proposal=proposal,
        effective=date.fromisoformat(stated) if stated else decided_on,
        at=proposal.decided_at,
    )
    await parts.events.send(connection, approved)


def override_kinds(parts: OverrideParts) -> Sequence[ApprovalKind]:
    """Returns every kind of approval about a borrower."""
    return [*(OverrideApproval(spec, parts) for spec in SPECS), ProposedRelaxation(parts)]


class RelaxationProposals:
    """Proposes in the name of scoring what the assessments of a batch propose, each once."""

    def __init__(self, approvals: Approvals, borrowers: ProposalBorrowers) -> None:
        self._approvals = approvals
        self._borrowers = borrowers

    async def propose(self, connection: Connection, borrower_ids: Sequence[str]) -> None:
        """Proposes to relax these borrowers, whose rows the caller has locked.

        What was proposed of the same state spell is not proposed again while it would be open.
        """
        for borrower_id in borrower_ids:
            borrower = await self._borrowers.find(connection, borrower_id)
            if borrower is None or not is_proposed(borrower):
                continue
            subject = f"{borrower_id} {borrower.state_since}"
            if await self._approvals.is_recent_in(connection, PROPOSED_RELAXATION, subject):
                continue
            step = Step(by=SCORING, reason=WHY_PROPOSED)
            await self._approvals.propose_in(connection, PROPOSED_RELAXATION, subject, step)
