"""The rows of approvals, in the schema of the service whose effect is released.

Rows are only added, and the tables' constraints alone demand a second person before the expiry, so
a client with the service's rights can do no more than the service.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from services.kit import audit
from services.kit.approvals.proposals import DecisionOutcome, Proposal, ProposedChange, Step
from services.kit.database import Connection

TABLES = """
CREATE TABLE {schema}.proposal (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text COLLATE "C" NOT NULL CHECK (kind <> ''),
    subject     text COLLATE "C" NOT NULL CHECK (subject <> ''),
    terms       json NOT NULL,
    before      json NOT NULL,
    after       json NOT NULL,
    effect      text NOT NULL CHECK (effect <> ''),
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    borrower_id text,
    amount      numeric CHECK (amount >= 0),
    currency    text,
    barred      text[] NOT NULL,
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text COLLATE "C" NOT NULL CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL CHECK (expires_at > proposed_at),
    CHECK ((amount IS NULL) = (currency IS NULL)),
    UNIQUE (id, proposed_by, expires_at),
    UNIQUE (id, kind, subject, proposed_by)
);
CREATE INDEX proposal_subject ON {schema}.proposal (kind, subject, id);
COMMENT ON TABLE {schema}.proposal IS 'what one person proposed; append-only';
COMMENT ON COLUMN {schema}.proposal.barred IS 'people who may not decide, besides the proposer';

CREATE TABLE {schema}.proposal_decision (
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
COMMENT ON TABLE {schema}.proposal_decision IS 'what a second person decided about it; append-only';
"""
TABLES += audit.audited("{schema}", "proposal") + audit.audited("{schema}", "proposal_decision")
RIGHTS = """
REVOKE UPDATE, DELETE, TRUNCATE ON {schema}.proposal, {schema}.proposal_decision FROM {role};
"""

_CHANGE_COLUMNS: Final = (
    "before",
    "after",
    "effect",
    "borrower_id",
    "amount",
    "currency",
    "barred",
)
COLUMNS = """
SELECT proposal.id, kind, subject, terms, before, after, effect, digest, borrower_id, amount,
       currency, barred, proposal.reason, proposal.proposed_by, proposed_at, proposal.expires_at,
       outcome, decided_by, decided_at, proposal_decision.reason AS decision_reason
  FROM {schema}.proposal LEFT JOIN {schema}.proposal_decision ON proposal_id = proposal.id
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
INSERT INTO {schema}.proposal (kind, subject, terms, before, after, effect, digest, borrower_id,
                               amount, currency, barred, reason, proposed_by, proposed_at,
                               expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id
"""
DECIDE = """
INSERT INTO {schema}.proposal_decision (proposal_id, outcome, reason, proposed_by, expires_at,
                                        decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


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
        change = proposal.change
        number: int = await connection.fetchval(
            self._add,
            proposal.kind,
            proposal.subject,
            _json(proposal.terms),
            _json(change.before),
            _json(change.after),
            change.effect,
            proposal.digest,
            change.borrower_id,
            change.amount,
            change.currency,
            sorted(change.barred),
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


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def _proposal(row: Any) -> Proposal:
    columns = dict(row)
    for name in ("terms", "before", "after"):
        columns[name] = msgspec.json.decode(columns[name])
    columns["barred"] = frozenset(columns["barred"])
    change = ProposedChange(**{name: columns.pop(name) for name in _CHANGE_COLUMNS})
    outcome = columns.pop("outcome")
    return Proposal(**columns, change=change, outcome=DecisionOutcome(outcome) if outcome else None)
