"""Creates the ledger, states, assessments, rulebooks, sectors, and the kit's stream tables.

The rulebooks' tables only grow, and their constraints alone enforce four eyes: a step repeats who
the author is (a foreign key compares that with the rulebook), follows the step before it (another
one), and is refused where the approver is the author by name, by key or as an officer. A client
with the service's rights can therefore do no more than the service. The first activation of a
rulebook is a step; each later one is a row of `rulebook_activation`, and only of a rulebook that
was activated before.
"""

from services.kit import audit
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
    state         bytea NOT NULL
) WITH (fillfactor = 70, toast_tuple_target = 8160);
ALTER TABLE scoring.borrower ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX borrower_sweep ON scoring.borrower (partition, borrower_id);
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
COMMENT ON COLUMN scoring.ledger.day IS 'business date of the booking moment';

CREATE TABLE scoring.control (
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    source      text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    closed_date date,
    event       bytea NOT NULL,
    PRIMARY KEY (partition, "offset"),
    UNIQUE (partition, source, event_id)
);
COMMENT ON TABLE scoring.control IS
    'the part of the ledger that is for every borrower of a partition; append-only';

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
    name           text COLLATE "C" NOT NULL CHECK (name <> ''),
    version        text COLLATE "C" NOT NULL CHECK (version <> ''),
    document       bytea NOT NULL,
    sha256         text GENERATED ALWAYS AS (encode(sha256(document), 'hex')) STORED,
    author         text NOT NULL CHECK (author <> ''),
    author_key     text NOT NULL CHECK (author_key <> ''),
    author_officer text NOT NULL,
    drafted_at     timestamptz NOT NULL,
    PRIMARY KEY (name, version),
    UNIQUE (name, version, author, author_key, author_officer)
);
COMMENT ON TABLE scoring.rulebook IS 'what was drafted, by whom; append-only';

CREATE TABLE scoring.rulebook_step (
    name           text COLLATE "C" NOT NULL,
    version        text COLLATE "C" NOT NULL,
    step           text NOT NULL,
    after          text,
    author         text NOT NULL,
    author_key     text NOT NULL,
    author_officer text NOT NULL,
    actor          text NOT NULL CHECK (actor <> ''),
    actor_key      text NOT NULL CHECK (actor_key <> ''),
    actor_officer  text NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (name, version, step),
    FOREIGN KEY (name, version, author, author_key, author_officer)
        REFERENCES scoring.rulebook (name, version, author, author_key, author_officer),
    FOREIGN KEY (name, version, after) REFERENCES scoring.rulebook_step (name, version, step),
    CONSTRAINT one_step_after_the_other CHECK (
        (step = 'PROPOSED' AND after IS NULL)
        OR (step = 'APPROVED' AND after IS NOT DISTINCT FROM 'PROPOSED')
        OR (step = 'ACTIVATED' AND after IS NOT DISTINCT FROM 'APPROVED')
    ),
    CONSTRAINT approver_is_not_the_author CHECK (
        step <> 'APPROVED'
        OR (actor <> author AND actor_key <> author_key
            AND (actor_officer = '' OR actor_officer <> author_officer))
    )
);
COMMENT ON TABLE scoring.rulebook_step IS 'who proposed, approved, activated; append-only';

CREATE TABLE scoring.rulebook_activation (
    name          text COLLATE "C" NOT NULL,
    version       text COLLATE "C" NOT NULL,
    number        integer NOT NULL CHECK (number >= 2),
    after         text NOT NULL DEFAULT 'ACTIVATED' CHECK (after = 'ACTIVATED'),
    actor         text NOT NULL CHECK (actor <> ''),
    actor_key     text NOT NULL CHECK (actor_key <> ''),
    actor_officer text NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (name, version, number),
    FOREIGN KEY (name, version, after) REFERENCES scoring.rulebook_step (name, version, step)
);
COMMENT ON TABLE scoring.rulebook_activation IS
    'who activated a rulebook again, from the second time on; append-only';

CREATE VIEW scoring.rulebook_standing AS
SELECT book.name, book.version, book.document, book.sha256,
       CASE WHEN activated.at IS NOT NULL THEN 'ACTIVATED'
            WHEN approved.at IS NOT NULL THEN 'APPROVED'
            WHEN proposed.at IS NOT NULL THEN 'PROPOSED'
            ELSE 'DRAFT' END AS status,
       book.author, book.author_key, book.author_officer, book.drafted_at,
       proposed.at AS proposed_at,
       approved.actor AS approver, approved.actor_key AS approver_key,
       approved.at AS approved_at,
       coalesce(again.actor, activated.actor) AS activator,
       coalesce(again.at, activated.at) AS activated_at,
       coalesce(again.number, (activated.at IS NOT NULL)::integer) AS activations
  FROM scoring.rulebook AS book
  LEFT JOIN scoring.rulebook_step AS proposed
    ON (proposed.name, proposed.version, proposed.step) = (book.name, book.version, 'PROPOSED')
  LEFT JOIN scoring.rulebook_step AS approved
    ON (approved.name, approved.version, approved.step) = (book.name, book.version, 'APPROVED')
  LEFT JOIN scoring.rulebook_step AS activated
    ON (activated.name, activated.version, activated.step)
       = (book.name, book.version, 'ACTIVATED')
  LEFT JOIN LATERAL (
    SELECT actor, at, number FROM scoring.rulebook_activation AS one
     WHERE (one.name, one.version) = (book.name, book.version)
     ORDER BY number DESC LIMIT 1) AS again ON true;
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

RIGHTS = """
REVOKE UPDATE, DELETE ON scoring.control, scoring.assessment, scoring.ledger, {ledger_parts}
  FROM tocsin_scoring;
REVOKE UPDATE, DELETE, TRUNCATE
    ON scoring.rulebook, scoring.rulebook_step, scoring.rulebook_activation, scoring.sector_month
  FROM tocsin_scoring;
REVOKE INSERT, UPDATE, DELETE ON scoring.rulebook_standing FROM tocsin_scoring;
"""


def upgrade() -> None:
    """Creates the tables; what is append-only cannot be changed by the service."""
    execute(audit.TABLES.format(schema="scoring"))
    execute(BORROWERS)
    for number, name in enumerate(LEDGER_PARTS):
        execute(LEDGER_PART.format(name=name, parts=len(LEDGER_PARTS), number=number))
    for tables in (RULEBOOKS, SECTORS, PD_CENSUS):
        execute(tables)
    for table in ("rulebook_step", "rulebook_activation"):
        execute(audit.audited("scoring", table))
    for tables in (progress.TABLES, incidents.TABLES, outbox.TABLES, quarantine.TABLES):
        execute(tables.format(schema="scoring"))
    execute(RIGHTS.format(ledger_parts=", ".join(f"scoring.{name}" for name in LEDGER_PARTS)))
    execute(audit.RIGHTS.format(schema="scoring", role="tocsin_scoring"))
    execute(incidents.RIGHTS.format(schema="scoring", role="tocsin_scoring"))
