"""Approvals: one person proposes, another decides, and an approval takes effect with the decision.

A service that needs two people for something makes `TABLES` in its own schema and declares a kind
for each such thing. What must stay true:
- the effect of an approval is in the transaction of the decision: both happen, or neither;
- a proposal binds the digest of what it is about, so nothing else can be approved in its place;
- rows are only added, and the tables' constraints alone demand a second person before the expiry,
  so a client with the service's rights can do no more than the service.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from services.kit import audit
from services.kit.access.keys import Role
from services.kit.clock import Clock
from services.kit.database import Connection, Database

MAX_REASON_CHARACTERS: Final = 1_000

TABLES = """
CREATE TABLE {schema}.proposal (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text COLLATE "C" NOT NULL CHECK (kind <> ''),
    subject     text COLLATE "C" NOT NULL CHECK (subject <> ''),
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text COLLATE "C" NOT NULL CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL CHECK (expires_at > proposed_at),
    UNIQUE (id, proposed_by, expires_at),
    UNIQUE (id, kind, subject, proposed_by)
);
CREATE INDEX proposal_subject ON {schema}.proposal (kind, subject, id);
COMMENT ON TABLE {schema}.proposal IS 'what one person proposed; append-only';

CREATE TABLE {schema}.decision (
    proposal_id bigint PRIMARY KEY,
    outcome     text NOT NULL CHECK (outcome IN ('APPROVED', 'REJECTED')),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text COLLATE "C" NOT NULL,
    expires_at  timestamptz NOT NULL,
    decided_by  text COLLATE "C" NOT NULL CHECK (decided_by <> ''),
    decided_at  timestamptz NOT NULL,
    UNIQUE (proposal_id, outcome),
    FOREIGN KEY (proposal_id, proposed_by, expires_at)
        REFERENCES {schema}.proposal (id, proposed_by, expires_at),
    CONSTRAINT decider_is_not_the_proposer CHECK (lower(decided_by) <> lower(proposed_by)),
    CONSTRAINT decided_before_it_expires CHECK (decided_at < expires_at)
);
COMMENT ON TABLE {schema}.decision IS 'what a second person decided about it; append-only';
"""
TABLES += audit.audited("{schema}", "proposal") + audit.audited("{schema}", "decision")
RIGHTS = """
REVOKE UPDATE, DELETE, TRUNCATE ON {schema}.proposal, {schema}.decision FROM {role};
"""

ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
COLUMNS = """
SELECT proposal.id, kind, subject, digest, proposal.reason, proposal.proposed_by, proposed_at,
       proposal.expires_at, outcome, decided_by, decided_at, decision.reason AS decision_reason
  FROM {schema}.proposal LEFT JOIN {schema}.decision ON proposal_id = proposal.id
"""
# No role may update a row here, so there is no row lock; steps about a subject take turns by this.
TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
FIND = COLUMNS + " WHERE proposal.id = $1"
LATEST = COLUMNS + " WHERE kind = $1 AND subject = $2 ORDER BY proposal.id DESC LIMIT 1"
LISTED = (
    COLUMNS
    + """
 WHERE ($1::timestamptz IS NULL OR (outcome IS NULL AND proposal.expires_at > $1))
 ORDER BY proposal.id DESC LIMIT $2
"""
)
ADD = """
INSERT INTO {schema}.proposal (kind, subject, digest, reason, proposed_by, proposed_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
"""
DECIDE = """
INSERT INTO {schema}.decision (proposal_id, outcome, reason, proposed_by, expires_at, decided_by,
                               decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal with its decision, if there is one; people are ids of persons."""

    id: int
    kind: str
    subject: str
    digest: bytes
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    outcome: DecisionOutcome | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None

    def is_open(self, at: datetime) -> bool:
        """Returns whether it can be decided at a moment."""
        return self.outcome is None and at < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who takes a step, and why."""

    by: str
    reason: str


class ApprovalKind(Protocol):
    """Something that needs two people."""

    name: str
    proposers: frozenset[Role]
    deciders: frozenset[Role]
    valid_for: timedelta

    async def payload(self, connection: Connection, subject: str, *, proposer: str) -> bytes:
        """Returns what a proposal about the subject binds.

        Raises:
            NoSuchProposal: If there is no such subject.
            ProposalConflict: If nothing can be proposed about it now.
            OtherPersonNeeded: If this person may not propose it.
        """
        ...

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Brings an approved proposal into effect, in the transaction of the decision."""
        ...


class ApprovalRepository(Protocol):
    """The stored proposals and decisions; rows are added and never changed."""

    async def take_turn(self, connection: Connection, kind: str, subject: str) -> None:
        """Waits until no other transaction is at a step about the subject."""
        ...

    async def add(self, connection: Connection, proposal: Proposal) -> int:
        """Stores a proposal and returns its number; that of the argument does not count."""
        ...

    async def find(self, connection: Connection, proposal_id: int) -> Proposal | None: ...

    async def latest(self, connection: Connection, kind: str, subject: str) -> Proposal | None:
        """Returns the last proposal about a subject."""
        ...

    async def listed(
        self, connection: Connection, *, open_at: datetime | None, limit: int
    ) -> list[Proposal]:
        """Returns proposals, the newest first; with a moment only those open then."""
        ...

    async def decide(
        self,
        connection: Connection,
        proposal: Proposal,
        outcome: DecisionOutcome,
        step: Step,
        at: datetime,
    ) -> None:
        """Stores the decision about a proposal."""
        ...


class ApprovalTable:
    """The proposals and decisions in the schema of a service."""

    def __init__(self, *, schema: str) -> None:
        self._schema = schema
        self._find = FIND.format(schema=schema)
        self._latest = LATEST.format(schema=schema)
        self._listed = LISTED.format(schema=schema)
        self._add = ADD.format(schema=schema)
        self._decide = DECIDE.format(schema=schema)

    async def take_turn(self, connection: Connection, kind: str, subject: str) -> None:
        await connection.execute(TAKE_TURN, f"{self._schema}.proposal {kind} {subject}")

    async def add(self, connection: Connection, proposal: Proposal) -> int:
        number: int = await connection.fetchval(
            self._add,
            proposal.kind,
            proposal.subject,
            proposal.digest,
            proposal.reason,
            proposal.proposed_by,
            proposal.proposed_at,
            proposal.expires_at,
        )
        return number

    async def find(self, connection: Connection, proposal_id: int) -> Proposal | None:
        row = await connection.fetchrow(self._find, proposal_id)
        return _proposal(row) if row else None

    async def latest(self, connection: Connection, kind: str, subject: str) -> Proposal | None:
        row = await connection.fetchrow(self._latest, kind, subject)
        return _proposal(row) if row else None

    async def listed(
        self, connection: Connection, *, open_at: datetime | None, limit: int
    ) -> list[Proposal]:
        return [_proposal(row) for row in await connection.fetch(self._listed, open_at, limit)]

    async def decide(
        self,
        connection: Connection,
        proposal: Proposal,
        outcome: DecisionOutcome,
        step: Step,
        at: datetime,
    ) -> None:
        await connection.execute(
            self._decide,
            proposal.id,
            outcome.value,
            step.reason,
            proposal.proposed_by,
            proposal.expires_at,
            step.by,
            at,
        )


class Approvals:
    """The use cases of everything in a service that needs two people."""

    def __init__(
        self,
        *,
        database: Database,
        repository: ApprovalRepository,
        kinds: Iterable[ApprovalKind],
        clock: Clock,
    ) -> None:
        self._database = database
        self._repository = repository
        self._clock = clock
        self.kinds = {kind.name: kind for kind in kinds}

    async def propose(self, kind_name: str, subject: str, step: Step) -> Proposal:
        """Proposes something.

        Raises:
            NoSuchProposal: If there is no such kind or subject.
            ProposalConflict: If it is proposed already, or cannot be proposed now.
            OtherPersonNeeded: If this person may not propose it.
        """
        kind = self.kind(kind_name)

        async def add(connection: Connection) -> Proposal:
            await self._repository.take_turn(connection, kind.name, subject)
            now = self._clock.now()
            latest = await self._repository.latest(connection, kind.name, subject)
            if latest is not None and latest.is_open(now):
                raise ProposalConflict(f"Proposal {latest.id} about it is open already.")
            payload = await kind.payload(connection, subject, proposer=step.by)
            proposal = Proposal(
                id=0,
                kind=kind.name,
                subject=subject,
                digest=hashlib.sha256(payload).digest(),
                reason=step.reason,
                proposed_by=step.by,
                proposed_at=now,
                expires_at=now + kind.valid_for,
            )
            return await self._found(connection, await self._repository.add(connection, proposal))

        return await self._database.in_transaction(add)

    async def decide(self, proposal_id: int, outcome: DecisionOutcome, step: Step) -> Proposal:
        """Decides about a proposal; an approval takes effect in the same transaction.

        Raises:
            NoSuchProposal: If there is none of that number.
            ProposalConflict: If it was decided, has expired, or its subject is another by now.
            OtherPersonNeeded: If the person is the proposer.
        """

        async def take(connection: Connection) -> Proposal:
            proposal = await self._found(connection, proposal_id)
            await self._repository.take_turn(connection, proposal.kind, proposal.subject)
            # Another decision may have been made while this one waited for its turn.
            proposal, now = await self._found(connection, proposal_id), self._clock.now()
            _check_open(proposal, now)
            if step.by.lower() == proposal.proposed_by.lower():
                raise OtherPersonNeeded("A second person decides; the proposer never does.")
            if outcome is DecisionOutcome.APPROVED:
                await self._check_unchanged(connection, proposal)
            await self._repository.decide(connection, proposal, outcome, step, now)
            decided = await self._found(connection, proposal_id)
            if outcome is DecisionOutcome.APPROVED:
                await self.kind(proposal.kind).release(connection, decided)
            return decided

        return await self._database.in_transaction(take)

    async def decide_latest(
        self, kind_name: str, subject: str, outcome: DecisionOutcome, step: Step
    ) -> Proposal:
        """Decides about the last proposal about a subject, as `decide` does."""

        async def latest(connection: Connection) -> Proposal | None:
            return await self._repository.latest(connection, kind_name, subject)

        proposal = await self._database.in_transaction(latest)
        if proposal is None:
            raise ProposalConflict(f"Nothing is proposed about {subject}.")
        return await self.decide(proposal.id, outcome, step)

    async def show(self, proposal_id: int) -> Proposal:
        """Returns a proposal.

        Raises:
            NoSuchProposal: If there is none of that number.
        """
        return await self._database.in_transaction(
            lambda connection: self._found(connection, proposal_id)
        )

    async def listed(self, *, only_open: bool, limit: int) -> Sequence[Proposal]:
        """Returns proposals, the newest first."""
        open_at = self._clock.now() if only_open else None
        return await self._database.in_transaction(
            lambda connection: self._repository.listed(connection, open_at=open_at, limit=limit)
        )

    def kind(self, name: str) -> ApprovalKind:
        """Returns a kind by its name.

        Raises:
            NoSuchProposal: If there is none.
        """
        if name not in self.kinds:
            raise NoSuchProposal(f"There is no kind {name}; there are {', '.join(self.kinds)}.")
        return self.kinds[name]

    async def _check_unchanged(self, connection: Connection, proposal: Proposal) -> None:
        kind = self.kind(proposal.kind)
        payload = await kind.payload(connection, proposal.subject, proposer=proposal.proposed_by)
        if hashlib.sha256(payload).digest() != proposal.digest:
            raise ProposalConflict("What was proposed has changed since; reject it and propose it.")

    async def _found(self, connection: Connection, proposal_id: int) -> Proposal:
        proposal = await self._repository.find(connection, proposal_id)
        if proposal is None:
            raise NoSuchProposal(f"There is no proposal {proposal_id}.")
        return proposal


def _check_open(proposal: Proposal, now: datetime) -> None:
    if proposal.outcome is not None:
        raise ProposalConflict(f"Proposal {proposal.id} is {proposal.outcome} already.")
    if not proposal.is_open(now):
        raise ProposalConflict(f"Proposal {proposal.id} has expired; propose it again.")


def _proposal(row: Any) -> Proposal:
    columns = dict(row)
    outcome = columns.pop("outcome")
    return Proposal(**columns, outcome=DecisionOutcome(outcome) if outcome else None)


def date_of(subject: str) -> date:
    """Returns the date that is the subject of a proposal.

    Raises:
        NoSuchProposal: If it is none.
    """
    try:
        if ISO_DATE.fullmatch(subject):
            return date.fromisoformat(subject)
    except ValueError:
        pass
    raise NoSuchProposal(f"{subject} is no date; write YYYY-MM-DD.")
