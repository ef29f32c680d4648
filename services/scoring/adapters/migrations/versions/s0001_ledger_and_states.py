"""Create the ledger, the borrowers' states, their assessments, and the kit's stream tables."""

from alembic import op

from services.kit.stream import outbox, progress, quarantine

revision = "s0001"
down_revision = None
branch_labels = None
depends_on = None

LEDGER_PARTS = 8

TABLES = """
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
APPEND_ONLY = ("control", "assessment", "ledger")


def upgrade() -> None:
    """Create the tables; what is append-only cannot be changed by the service."""
    run(TABLES)
    parts = [f"ledger_{part}" for part in range(LEDGER_PARTS)]
    for part, name in enumerate(parts):
        run(
            f"CREATE TABLE scoring.{name} PARTITION OF scoring.ledger "
            f"FOR VALUES WITH (MODULUS {LEDGER_PARTS}, REMAINDER {part})"
        )
    for tables in (progress.TABLES, outbox.TABLES, quarantine.TABLES):
        run(tables.format(schema="scoring"))
    for name in (*APPEND_ONLY, *parts):
        run(f"REVOKE UPDATE, DELETE ON scoring.{name} FROM tocsin_scoring")


def run(statements: str) -> None:
    """Execute statements one by one: the driver prepares only single ones."""
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Drop what was created; the ledger goes with it."""
    for name in (
        "borrower",
        "ledger",
        "control",
        "sweep",
        "clock",
        "assessment",
        "partition_progress",
        "outbox",
        "outbox_sequence",
        "outbox_progress",
        "quarantine",
    ):
        op.execute(f"DROP TABLE scoring.{name}")
