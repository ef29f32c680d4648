"""Creates the ledger, states, assessments, rulebooks, sectors, and the kit's stream tables.

The rulebooks' tables only grow, and their constraints alone enforce four eyes: an activation refers
to the approval of a proposal that is about this rulebook and made by its author. A client with the
service's rights can therefore do no more than the service.
"""

from services.kit import audit
from services.kit.approvals import tables as approvals
from services.kit.http import access_log
from services.kit.migrations import execute
from services.kit.stream import incidents, outbox, progress, quarantine

revision = "s0001"
down_revision = None
branch_labels = None
depends_on = None

LEDGER_PARTS = tuple(f"ledger_{number}" for number in range(8))

BORROWERS = """
CREATE TABLE scoring.borrower (
    borrower_id   text COLLATE "C" PRIMARY KEY,
    partition     integer NOT NULL,
    closed_offset bigint NOT NULL,
    sequence      bigint NOT NULL,
    risk_state    text NOT NULL,
    score_micro   integer NOT NULL,
    segment       text NOT NULL,
    officer_id    text,
    branch_id     text,
    state         bytea NOT NULL,
    last_source   text,
    last_event_id text,
    folded_to        bigint,
    isolated_reason  text CHECK (isolated_reason <> ''),
    isolated_at      timestamptz,
    resume_requested boolean NOT NULL DEFAULT false,
    CONSTRAINT isolation_is_whole CHECK (
        (isolated_reason IS NULL) = (folded_to IS NULL)
        AND (isolated_reason IS NULL) = (isolated_at IS NULL)
        AND NOT (resume_requested AND isolated_reason IS NULL)
    )
) WITH (fillfactor = 70, toast_tuple_target = 8160);
ALTER TABLE scoring.borrower ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX borrower_sweep ON scoring.borrower (partition, borrower_id);
CREATE INDEX borrower_isolated ON scoring.borrower (partition, borrower_id)
 WHERE isolated_reason IS NOT NULL;
COMMENT ON COLUMN scoring.borrower.folded_to IS
    'of an isolated borrower: its own events after this offset wait in the ledger';
COMMENT ON COLUMN scoring.borrower.last_event_id IS
    'with last_source: the last own event that is folded into the state';
COMMENT ON COLUMN scoring.borrower.closed_offset IS
    'offset of the last day.closed of the partition that is folded into the state';

CREATE TABLE scoring.ledger (
    borrower_id text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    day         date NOT NULL,
    event       bytea NOT NULL,
    PRIMARY KEY (borrower_id, source, event_id)
) PARTITION BY HASH (borrower_id);
COMMENT ON TABLE scoring.ledger IS 'every event that was applied, once, append-only';
COMMENT ON COLUMN scoring.ledger."offset" IS
    'position: generation of the log * 2^48 + offset in it';
COMMENT ON COLUMN scoring.ledger.day IS 'business date of the booking moment';

CREATE TABLE scoring.control (
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    source      text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    closed_date date,
    withdrawn_source text COLLATE "C",
    withdrawn_id     text COLLATE "C",
    event       bytea NOT NULL,
    PRIMARY KEY (partition, "offset"),
    UNIQUE (partition, source, event_id)
);
CREATE INDEX control_withdrawn ON scoring.control (partition, withdrawn_source, withdrawn_id)
 WHERE withdrawn_id IS NOT NULL;
COMMENT ON TABLE scoring.control IS
    'the part of the ledger that is for every borrower of a partition; append-only';
COMMENT ON COLUMN scoring.control.withdrawn_id IS 'with the source: the close that is withdrawn';
CREATE VIEW scoring.day_close AS
SELECT partition, "offset", source, event_id, closed_date FROM scoring.control AS close
 WHERE closed_date IS NOT NULL AND NOT EXISTS (
    SELECT FROM scoring.control AS withdrawal
     WHERE (withdrawal.partition, withdrawal.withdrawn_source, withdrawal.withdrawn_id)
           = (close.partition, close.source, close.event_id));
COMMENT ON VIEW scoring.day_close IS 'the closes that were not withdrawn';

CREATE TABLE scoring.sweep (
    partition      integer PRIMARY KEY,
    done_offset    bigint NOT NULL,
    target_offset  bigint,
    after_borrower text COLLATE "C" NOT NULL
);
COMMENT ON TABLE scoring.sweep IS 'how far the latest day close has come through the borrowers';

CREATE TABLE scoring.clock (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    closed_date date NOT NULL
);
COMMENT ON TABLE scoring.clock IS 'the last date that the clock closed';

CREATE TABLE scoring.assessment (
    borrower_id      text COLLATE "C" NOT NULL,
    sequence         bigint NOT NULL,
    "offset"         bigint NOT NULL,
    at               timestamptz NOT NULL,
    as_of            date NOT NULL,
    risk_state       text NOT NULL,
    score_micro      integer NOT NULL,
    rulebook         text NOT NULL,
    rulebook_version text NOT NULL,
    event            bytea NOT NULL,
    PRIMARY KEY (borrower_id, sequence)
);
COMMENT ON TABLE scoring.assessment IS 'what was said and when; append-only';
"""
LEDGER_PART = """
CREATE TABLE scoring.{name} PARTITION OF scoring.ledger
    FOR VALUES WITH (MODULUS {parts}, REMAINDER {number});
"""

RULEBOOKS = """
CREATE TABLE scoring.rulebook (
    name       text COLLATE "C" NOT NULL CHECK (name <> ''),
    version    text COLLATE "C" NOT NULL CHECK (version <> ''),
    document   bytea NOT NULL,
    sha256     text GENERATED ALWAYS AS (encode(sha256(document), 'hex')) STORED,
    author     text COLLATE "C" NOT NULL CHECK (author <> ''),
    drafted_at timestamptz NOT NULL,
    PRIMARY KEY (name, version),
    UNIQUE (name, version, author)
);
COMMENT ON TABLE scoring.rulebook IS 'what was drafted, by whom; append-only';

CREATE TABLE scoring.rulebook_activation (
    name        text COLLATE "C" NOT NULL,
    version     text COLLATE "C" NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    author      text COLLATE "C" NOT NULL,
    proposal_id bigint NOT NULL,
    kind        text COLLATE "C" NOT NULL DEFAULT 'rulebook' CHECK (kind = 'rulebook'),
    subject     text COLLATE "C" NOT NULL CHECK (subject = name || ' ' || version),
    outcome     text NOT NULL DEFAULT 'APPROVED' CHECK (outcome = 'APPROVED'),
    actor       text NOT NULL CHECK (actor <> ''),
    at          timestamptz NOT NULL,
    PRIMARY KEY (name, version, number),
    FOREIGN KEY (name, version, author) REFERENCES scoring.rulebook (name, version, author),
    FOREIGN KEY (proposal_id, kind, subject, author)
        REFERENCES scoring.proposal (id, kind, subject, proposed_by),
    FOREIGN KEY (proposal_id, outcome) REFERENCES scoring.proposal_decision (proposal_id, outcome)
);
COMMENT ON TABLE scoring.rulebook_activation IS 'who activated a rulebook; append-only';

CREATE VIEW scoring.rulebook_standing AS
SELECT book.name, book.version, book.document, book.sha256,
       CASE WHEN last.number IS NOT NULL THEN 'ACTIVATED'
            WHEN proposed.outcome = 'APPROVED' THEN 'APPROVED'
            WHEN proposed.outcome IS NULL AND proposed.expires_at > now() THEN 'PROPOSED'
            ELSE 'DRAFT' END AS status,
       book.author, book.drafted_at, proposed.id AS proposal_id, proposed.proposed_at,
       CASE WHEN proposed.outcome = 'APPROVED' THEN proposed.decided_by END AS approver,
       CASE WHEN proposed.outcome = 'APPROVED' THEN proposed.decided_at END AS approved_at,
       last.actor AS activator, last.at AS activated_at, coalesce(last.number, 0) AS activations
  FROM scoring.rulebook AS book
  LEFT JOIN LATERAL (
    SELECT proposal.id, proposed_at, proposal.expires_at, outcome, decided_by, decided_at
      FROM scoring.proposal LEFT JOIN scoring.proposal_decision ON proposal_id = proposal.id
     WHERE kind = 'rulebook' AND subject = book.name || ' ' || book.version
     ORDER BY proposal.id DESC LIMIT 1) AS proposed ON true
  LEFT JOIN LATERAL (
    SELECT actor, at, number FROM scoring.rulebook_activation AS activation
     WHERE (activation.name, activation.version) = (book.name, book.version)
     ORDER BY number DESC LIMIT 1) AS last ON true;
"""

# A month that was measured stays as it was, because figures made of it were published. The row of
# sector `*` is the sum of all, and shows that the month was measured.
SECTORS = """
CREATE TABLE scoring.sector_month (
    month_end date NOT NULL,
    sector    text COLLATE "C" NOT NULL,
    currency  text NOT NULL,
    exposure  bigint NOT NULL CHECK (exposure >= 0),
    stressed  bigint NOT NULL CHECK (stressed BETWEEN 0 AND exposure),
    borrowers integer NOT NULL CHECK (borrowers >= 0),
    PRIMARY KEY (month_end, sector)
);
COMMENT ON TABLE scoring.sector_month IS
    'exposure by sector at month-ends, and that in high risk or worse; append-only';
COMMENT ON COLUMN scoring.sector_month.exposure IS 'minor units of the currency';
"""

# Counted in the transaction that emits the assessments, so each borrower counts once. Drift is
# computed from it; it can be counted again from the ledger.
PD_CENSUS = """
CREATE TABLE scoring.pd_census (
    partition integer NOT NULL,
    as_of     date NOT NULL,
    model     text COLLATE "C" NOT NULL,
    version   text COLLATE "C" NOT NULL,
    figure    text COLLATE "C" NOT NULL,
    expected  double precision[] NOT NULL,
    counts    bigint[] NOT NULL,
    PRIMARY KEY (as_of, model, version, figure, partition)
);
COMMENT ON TABLE scoring.pd_census IS
    'borrowers by bin of each PD model at month closes, those not measured first';
COMMENT ON COLUMN scoring.pd_census.expected IS
    'shares of the reference population in the same bins';
"""

RESUMES = """
CREATE TABLE scoring.borrower_resume (
    resume_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    borrower_id     text COLLATE "C" NOT NULL,
    partition       integer NOT NULL,
    folded_to       bigint NOT NULL,
    isolated_at     timestamptz NOT NULL,
    isolated_reason text NOT NULL,
    requested_at    timestamptz NOT NULL DEFAULT now(),
    requested_by    text NOT NULL CHECK (requested_by <> ''),
    reason          text NOT NULL CHECK (reason <> '')
);
COMMENT ON TABLE scoring.borrower_resume IS
    'who let an isolated borrower resume, and its mark at that moment; append-only';
"""
RIGHTS = """
REVOKE UPDATE, DELETE ON scoring.control, scoring.assessment, scoring.ledger, {ledger_parts}
  FROM tocsin_scoring;
REVOKE UPDATE, DELETE, TRUNCATE
    ON scoring.rulebook, scoring.rulebook_activation, scoring.sector_month, scoring.borrower_resume
  FROM tocsin_scoring;
REVOKE INSERT, UPDATE, DELETE ON scoring.rulebook_standing FROM tocsin_scoring;
"""


def upgrade() -> None:
    """Creates the tables; what is append-only cannot be changed by the service."""
    execute(audit.TABLES.format(schema="scoring"))
    execute(BORROWERS)
    for number, name in enumerate(LEDGER_PARTS):
        execute(LEDGER_PART.format(name=name, parts=len(LEDGER_PARTS), number=number))
    execute(approvals.TABLES.format(schema="scoring"))
    for tables in (RULEBOOKS, SECTORS, PD_CENSUS, RESUMES):
        execute(tables)
    execute(audit.append_only("scoring", "rulebook"))
    for table in ("rulebook_activation", "borrower_resume"):
        execute(audit.audited("scoring", table))
    execute(access_log.TABLES.format(schema="scoring"))
    for tables in (progress.TABLES, incidents.TABLES, outbox.TABLES, quarantine.TABLES):
        execute(tables.format(schema="scoring"))
    execute(RIGHTS.format(ledger_parts=", ".join(f"scoring.{name}" for name in LEDGER_PARTS)))
    for rights in (audit.RIGHTS, incidents.RIGHTS, approvals.RIGHTS):
        execute(rights.format(schema="scoring", role="tocsin_scoring"))
