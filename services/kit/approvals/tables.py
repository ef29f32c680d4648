"""The rows of approvals: proposals, votes and decisions in the schema of each service.

Rows are only added, and constraints and triggers alone demand other people before the expiry, so a
client with the service's rights can do no more than the service. The triggers copy the rows to the
index in the schema `access` (`services/kit/access/approval_index.py`), from which they are read.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from services.kit import audit
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    CastVote,
    DecisionOutcome,
    EntryFilter,
    Proposal,
    ProposedChange,
    QueueEntry,
    Step,
)
from services.kit.database import Connection

TABLES = """
CREATE TABLE {schema}.proposal (
    id          bigint PRIMARY KEY,
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
    deciders    text[] NOT NULL CHECK (cardinality(deciders) > 0),
    needed      integer NOT NULL CHECK (needed > 0),
    needed_to_reject integer NOT NULL CHECK (needed_to_reject > 0),
    by_committee boolean NOT NULL,
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text COLLATE "C" NOT NULL CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL CHECK (expires_at > proposed_at),
    CHECK ((amount IS NULL) = (currency IS NULL)),
    CONSTRAINT two_people_decide_for_a_machine CHECK (proposed_by NOT LIKE '%:%' OR needed > 1),
    UNIQUE (id, digest, proposed_by, expires_at),
    UNIQUE (id, kind, subject, proposed_by)
);
CREATE INDEX proposal_subject ON {schema}.proposal (kind, subject, id);
COMMENT ON TABLE {schema}.proposal IS 'what a person or the system proposed; append-only';
COMMENT ON COLUMN {schema}.proposal.barred IS 'people who may not decide, besides the proposer';
CREATE TRIGGER approval_proposed BEFORE INSERT ON {schema}.proposal
    FOR EACH ROW EXECUTE FUNCTION access.approval_proposed();

CREATE TABLE {schema}.proposal_vote (
    proposal_id bigint NOT NULL,
    person_id   text COLLATE "C" NOT NULL CHECK (person_id <> ''),
    approves    boolean NOT NULL,
    is_emergency boolean NOT NULL,
    digest      bytea NOT NULL,
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text COLLATE "C" NOT NULL,
    expires_at  timestamptz NOT NULL,
    voted_at    timestamptz NOT NULL,
    PRIMARY KEY (proposal_id, person_id),
    CONSTRAINT vote_names_the_digest FOREIGN KEY (proposal_id, digest, proposed_by, expires_at)
        REFERENCES {schema}.proposal (id, digest, proposed_by, expires_at),
    CONSTRAINT voter_is_not_the_proposer CHECK (lower(person_id) <> lower(proposed_by)),
    CONSTRAINT voted_before_it_expires CHECK (voted_at < expires_at)
);
COMMENT ON TABLE {schema}.proposal_vote IS 'what other people voted, with dissent; append-only';
CREATE TRIGGER approval_voted AFTER INSERT ON {schema}.proposal_vote
    FOR EACH ROW EXECUTE FUNCTION access.approval_voted();

CREATE TABLE {schema}.proposal_decision (
    proposal_id bigint PRIMARY KEY,
    outcome     text NOT NULL CHECK (outcome IN ('APPROVED', 'REJECTED')),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    decided_by  text COLLATE "C" NOT NULL,
    decided_at  timestamptz NOT NULL,
    UNIQUE (proposal_id, outcome),
    FOREIGN KEY (proposal_id, decided_by)
        REFERENCES {schema}.proposal_vote (proposal_id, person_id)
);
COMMENT ON TABLE {schema}.proposal_decision IS 'what the votes decided; append-only';
CREATE TRIGGER approval_decided AFTER INSERT ON {schema}.proposal_decision
    FOR EACH ROW EXECUTE FUNCTION access.approval_decided();
"""
_NAMES: Final = ("proposal", "proposal_vote", "proposal_decision")
TABLES += "".join(audit.audited("{schema}", name) for name in _NAMES)
RIGHTS = (
    "REVOKE UPDATE, DELETE, TRUNCATE ON "
    + ", ".join(f"{{schema}}.{name}" for name in _NAMES)
    + " FROM {role}"
)

_CHANGE_COLUMNS: Final = (
    "before",
    "after",
    "effect",
    "borrower_id",
    "amount",
    "currency",
    "barred",
    "needed",
)
_ENTRIES = """
SELECT entry.*,
       (SELECT COALESCE(json_agg(vote ORDER BY voted_at, person_id), '[]')
          FROM access.approval_vote AS vote WHERE proposal_id = entry.id) AS votes,
       access.vote_refusal(entry, $1) AS refusal
  FROM access.approval_entry AS entry
"""
# No role may update a row here, so there is no row lock; steps about a subject take turns by this.
TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
FIND = _ENTRIES + " WHERE id = $2 AND ($3::text IS NULL OR service = $3)"
LATEST = _ENTRIES + " WHERE kind = $2 AND subject = $3 AND service = $4 ORDER BY id DESC LIMIT 1"
LISTED = (
    _ENTRIES
    + """
 WHERE ($2::text IS NULL OR service = $2)
   AND ($3::timestamptz IS NULL OR (outcome IS NULL AND expires_at > $3))
   AND ($4::text IS NULL OR borrower_id = $4)
   AND ($5::bigint IS NULL OR id < $5)
   AND ($6 OR borrower_id IS NULL OR proposed_by = $1)
   AND ($7 OR proposed_by = $1)
 ORDER BY id DESC LIMIT $8
"""
)
REFUSAL = """
SELECT access.vote_refusal(entry, $2, $3) FROM access.approval_entry AS entry WHERE id = $1
"""
# The trigger gives the number, and decides whether a committee votes.
ADD = """
INSERT INTO {schema}.proposal (kind, subject, terms, before, after, effect, digest, borrower_id,
                               amount, currency, barred, needed, deciders, reason, proposed_by,
                               proposed_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id
"""
VOTE = """
INSERT INTO {schema}.proposal_vote (proposal_id, digest, proposed_by, expires_at, person_id,
                                    approves, is_emergency, reason, voted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
DECIDE = """
INSERT INTO {schema}.proposal_decision (proposal_id, outcome, reason, decided_by, decided_at)
VALUES ($1, $2, $3, $4, $5)
"""
CONFLICT = """
INSERT INTO access.conflict_of_interest (proposal_id, person_id, reason, declared_at)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""


class ApprovalTable:
    """The approvals of one service; `reads_all` lets it read those of all services."""

    def __init__(self, *, schema: str, reads_all: bool = False) -> None:
        self._schema = schema
        self._shown = None if reads_all else schema
        self._add = ADD.format(schema=schema)
        self._vote = VOTE.format(schema=schema)
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
            change.needed,
            sorted(proposal.deciders),
            proposal.reason,
            proposal.proposed_by,
            proposal.proposed_at,
            proposal.expires_at,
        )
        return number

    async def find(self, connection: Connection, proposal_id: int) -> Proposal | None:
        row = await connection.fetchrow(FIND, "", proposal_id, self._schema)
        return _entry(row).proposal if row else None

    async def latest(self, connection: Connection, kind: str, subject: str) -> Proposal | None:
        row = await connection.fetchrow(LATEST, "", kind, subject, self._schema)
        return _entry(row).proposal if row else None

    async def shown(
        self, connection: Connection, proposal_id: int, *, reader: str
    ) -> QueueEntry | None:
        row = await connection.fetchrow(FIND, reader, proposal_id, self._shown)
        return _entry(row) if row else None

    async def listed(
        self, connection: Connection, chosen: EntryFilter, *, reader: str
    ) -> list[QueueEntry]:
        rows = await connection.fetch(
            LISTED,
            reader,
            self._shown,
            chosen.open_at,
            chosen.borrower_id,
            chosen.before_id,
            chosen.sees_borrowers,
            chosen.sees_all,
            chosen.limit,
        )
        return [_entry(row) for row in rows]

    async def refusal(self, connection: Connection, proposal: Proposal, step: Step) -> str | None:
        code: str | None = await connection.fetchval(
            REFUSAL, proposal.id, step.by, step.in_emergency
        )
        return code

    async def add_vote(
        self, connection: Connection, proposal: Proposal, vote: CastVote, *, digest: bytes
    ) -> None:
        await connection.execute(
            self._vote,
            proposal.id,
            digest,
            proposal.proposed_by,
            proposal.expires_at,
            vote.person_id,
            vote.approves,
            vote.is_emergency,
            vote.reason,
            vote.voted_at,
        )

    async def decide(
        self, connection: Connection, proposal: Proposal, outcome: DecisionOutcome, vote: CastVote
    ) -> None:
        await connection.execute(
            self._decide, proposal.id, outcome.value, vote.reason, vote.person_id, vote.voted_at
        )

    async def declare_conflict(
        self, connection: Connection, proposal_id: int, step: Step, at: datetime
    ) -> None:
        await connection.execute(CONFLICT, proposal_id, step.by, step.reason, at)


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def _entry(row: Any) -> QueueEntry:
    columns = dict(row)
    for name in ("terms", "before", "after"):
        columns[name] = msgspec.json.decode(columns[name])
    columns["barred"] = frozenset(columns["barred"])
    columns["deciders"] = frozenset(Role(role) for role in columns["deciders"])
    columns["votes"] = msgspec.json.decode(columns["votes"], type=tuple[CastVote, ...])
    change = ProposedChange(**{name: columns.pop(name) for name in _CHANGE_COLUMNS})
    outcome, refusal = columns.pop("outcome"), columns.pop("refusal")
    proposal = Proposal(
        **columns, change=change, outcome=DecisionOutcome(outcome) if outcome else None
    )
    return QueueEntry(proposal=proposal, refusal=refusal)
