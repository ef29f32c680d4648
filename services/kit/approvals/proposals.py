"""What is proposed and decided, and what a kind of approval must do."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

from services.kit.access.keys import Role
from services.kit.database import Connection

NEEDED_IN_EMERGENCY: Final = 2
MAX_REASON_CHARACTERS: Final = 1_000
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class DecisionOutcome(StrEnum):
    """The decision about a proposal."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class NoSuchProposal(LookupError):
    """There is no such proposal, or nothing that could be proposed."""


class ProposalConflict(Exception):
    """The proposal, or what it is about, is in a state that does not allow the step."""


class OtherPersonNeeded(Exception):
    """This person may not take the step in any role."""


class InvalidTerms(ValueError):
    """The terms of a proposal cannot be what its kind needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRequest:
    """What somebody wants to propose.

    Attributes:
        terms: What the kind needs beyond the subject, as JSON values; most kinds need nothing.
        proposer: The id of the person, or `system:<service>` where the system proposes.
    """

    subject: str
    proposer: str
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedChange:
    """What a proposal would change, as the people who decide are shown it.

    Attributes:
        before: What is in force now, as JSON values by name.
        after: What would be in force, by the same names.
        effect: What the approval does, in one sentence.
        attachment: Bytes that the digest binds too, such as a whole document.
        borrower_id: The borrower it is about; None where it is about no single one.
        amount: What is at risk, for the limits of those who decide; None where no limit applies.
        currency: The currency of the amount.
        barred: The ids of people who may not decide: who owns or originated what it is about.
        needed: How many people must approve.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    effect: str
    attachment: bytes = b""
    borrower_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    barred: frozenset[str] = frozenset()
    needed: int = 1

    def digest(self, kind: str, request: ProposalRequest) -> bytes:
        """Returns the SHA-256 of what is proposed and everything that is shown."""
        proposed = [kind, request.subject, request.terms, self.borrower_id]
        shown = [*proposed, self.before, self.after, self.effect]
        content = msgspec.json.encode(shown, order="deterministic")
        return hashlib.sha256(content + b"\n" + self.attachment).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CastVote:
    """The vote of a person about a proposal."""

    person_id: str
    approves: bool
    is_emergency: bool
    reason: str
    voted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal with its votes and its decision, if there is one; people are ids of persons.

    Attributes:
        service: The service whose effect it is.
        deciders: The roles of which one who decides has one.
        needed_to_reject: How many rejections reject it.
        by_committee: Whether the amount is above every person's limit, so that a committee votes.
    """

    id: int
    service: str
    kind: str
    subject: str
    terms: Mapping[str, Any]
    change: ProposedChange
    digest: bytes
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    deciders: frozenset[Role]
    needed_to_reject: int = 1
    by_committee: bool = False
    votes: tuple[CastVote, ...] = ()
    outcome: DecisionOutcome | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None

    def is_open(self, at: datetime) -> bool:
        """Returns whether it can be decided at a moment."""
        return self.outcome is None and at < self.expires_at

    def result(self, votes: Sequence[CastVote]) -> DecisionOutcome | None:
        """Returns what votes decide; None while there are too few.

        In an emergency two people on call approve, whatever the amount.
        """
        approvals = [vote for vote in votes if vote.approves]
        in_emergency = [vote for vote in approvals if vote.is_emergency]
        if len(approvals) >= self.change.needed or len(in_emergency) >= NEEDED_IN_EMERGENCY:
            return DecisionOutcome.APPROVED
        if len(votes) - len(approvals) >= self.needed_to_reject:
            return DecisionOutcome.REJECTED
        return None

    @property
    def request(self) -> ProposalRequest:
        """Returns what was requested, to compare its change with the present one."""
        return ProposalRequest(subject=self.subject, proposer=self.proposed_by, terms=self.terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who takes a step, and why; `in_emergency` is set by people on call."""

    by: str
    reason: str
    in_emergency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """A choice of proposals; None means any.

    Attributes:
        open_at: Only what can be decided at this moment.
        before_id: Only what was proposed before this one, for the next page.
        sees_borrowers: Whether those of other proposers about borrowers are included.
        sees_all: Whether those of other proposers are included at all.
    """

    open_at: datetime | None = None
    borrower_id: str | None = None
    before_id: int | None = None
    sees_borrowers: bool = True
    sees_all: bool = True
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A proposal as one reader sees it; `refusal` is why that person may not decide, as a code."""

    proposal: Proposal
    refusal: str | None


class ApprovalKind(Protocol):
    """Something that needs two people."""

    name: str
    proposers: frozenset[Role]
    deciders: frozenset[Role]
    valid_for: timedelta

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns what would change; the same again until the proposal is decided.

        Raises:
            NoSuchProposal: If there is no such subject.
            ProposalConflict: If nothing can be proposed about it now.
            OtherPersonNeeded: If this person may not propose it.
            InvalidTerms: If the terms are not those of the kind.
        """
        ...

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Brings an approved proposal into effect, in the transaction of the decision."""
        ...


def date_of(subject: str) -> date:
    """Returns the date that is the subject of a proposal.

    Raises:
        NoSuchProposal: If it is none.
    """
    try:
        if _ISO_DATE.fullmatch(subject):
            return date.fromisoformat(subject)
    except ValueError:
        pass
    raise NoSuchProposal(f"{subject} is no date; write YYYY-MM-DD.")
