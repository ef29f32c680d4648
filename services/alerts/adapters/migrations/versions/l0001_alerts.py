"""Create the alerts: borrowers, alerts, their history, and the kit's stream tables."""

from alembic import op

from services.kit.stream import outbox, progress, quarantine

revision = "l0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE alerts.borrower (
    borrower_id text PRIMARY KEY,
    partition   integer NOT NULL,
    sequence    bigint NOT NULL CHECK (sequence > 0),
    at          timestamptz NOT NULL,
    as_of       date NOT NULL,
    state       text NOT NULL,
    state_since date NOT NULL,
    score       double precision NOT NULL,
    segment     text,
    officer_id  text,
    branch_id   text,
    told        json NOT NULL,
    assessment  json NOT NULL
) WITH (fillfactor = 70);
COMMENT ON COLUMN alerts.borrower.told IS 'what was announced in the present state spell';

CREATE TABLE alerts.score_point (
    borrower_id text NOT NULL,
    as_of       date NOT NULL,
    score       double precision NOT NULL,
    state       text NOT NULL,
    PRIMARY KEY (borrower_id, as_of)
);

CREATE TABLE alerts.alert (
    alert_id           text PRIMARY KEY,
    version            integer NOT NULL CHECK (version > 0),
    borrower_id        text NOT NULL,
    alert_type         text NOT NULL,
    severity           text NOT NULL,
    status             text NOT NULL,
    state              text NOT NULL,
    from_state         text,
    state_since        date NOT NULL,
    score              double precision NOT NULL,
    headline           text NOT NULL,
    owner_kind         text NOT NULL,
    owner_id           text NOT NULL CHECK (owner_id <> ''),
    owner_route        text NOT NULL,
    second_owner_kind  text,
    second_owner_id    text,
    second_owner_route text,
    officer_id         text,
    segment            text,
    branch_id          text,
    is_digest          boolean NOT NULL,
    opened_at          timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    acknowledge_by     timestamptz NOT NULL,
    act_by             timestamptz NOT NULL,
    escalate_at        timestamptz NOT NULL,
    acknowledged_at    timestamptz,
    acknowledged_by    text,
    resolved_at        timestamptz,
    outcome_code       text,
    reasons            json NOT NULL,
    actions            json NOT NULL CHECK (json_array_length(actions) > 0),
    CHECK ((status = 'RESOLVED') = (outcome_code IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX one_open_alert_per_borrower ON alerts.alert (borrower_id)
    WHERE status <> 'RESOLVED';
CREATE INDEX alert_newest ON alerts.alert (updated_at DESC, alert_id DESC);
CREATE INDEX alert_of_owner ON alerts.alert (owner_id, updated_at DESC);
CREATE INDEX alert_of_officer ON alerts.alert (officer_id, updated_at DESC);
CREATE INDEX alert_of_borrower ON alerts.alert (borrower_id, opened_at DESC);

CREATE TABLE alerts.feed (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_id  bigint NOT NULL
);
INSERT INTO alerts.feed (last_id) VALUES (0);
COMMENT ON TABLE alerts.feed IS
    'the last place given in the feed; locked until commit, so places never appear out of order';

CREATE TABLE alerts.alert_event (
    feed_id       bigint PRIMARY KEY,
    event_id      text NOT NULL UNIQUE,
    kind          text NOT NULL,
    alert_id      text NOT NULL,
    borrower_id   text NOT NULL,
    version       integer NOT NULL,
    at            timestamptz NOT NULL,
    actor         text NOT NULL,
    why           text NOT NULL,
    owner_id      text NOT NULL,
    officer_id    text,
    document      json NOT NULL,
    recorded_at   timestamptz NOT NULL,
    UNIQUE (alert_id, version)
);
"""


def upgrade() -> None:
    """Create the tables; history can be added to and read, nothing else."""
    run(TABLES)
    for text in (progress.TABLES, outbox.TABLES, quarantine.TABLES):
        run(text.format(schema="alerts"))
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON alerts.alert_event FROM tocsin_alerts")


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP TABLE alerts.alert_event, alerts.feed, alerts.alert, alerts.score_point, "
        "alerts.borrower, alerts.partition_progress, alerts.outbox, alerts.outbox_sequence, "
        "alerts.outbox_progress, alerts.quarantine"
    )


def run(statements: str) -> None:
    """Execute statements one by one: the driver prepares only single ones."""
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)
