"""Create the webhook endpoints, the deliveries and the log of attempts."""

from alembic import op

revision = "l0002"
down_revision = "l0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE alerts.webhook_endpoint (
    endpoint_id           text PRIMARY KEY,
    version               integer NOT NULL DEFAULT 1,
    url                   text NOT NULL,
    description           text NOT NULL,
    format                text NOT NULL,
    event_types           text[] NOT NULL,
    minimum_severity      text NOT NULL,
    minimum_rank          integer NOT NULL,
    branch_ids            text[] NOT NULL,
    segments              text[] NOT NULL,
    officer_ids           text[] NOT NULL,
    is_ordered            boolean NOT NULL,
    is_enabled            boolean NOT NULL DEFAULT true,
    disabled_reason       text,
    failing_since         timestamptz,
    created_at            timestamptz NOT NULL,
    created_by            text NOT NULL,
    secret                bytea NOT NULL,
    old_secret            bytea,
    old_secret_expires_at timestamptz
);
COMMENT ON COLUMN alerts.webhook_endpoint.secret IS 'sealed with AES-GCM; the key is a setting';

CREATE TABLE alerts.webhook_delivery (
    delivery_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed_id          bigint NOT NULL,
    endpoint_id      text NOT NULL REFERENCES alerts.webhook_endpoint,
    borrower_id      text NOT NULL,
    alert_id         text NOT NULL,
    event_id         text NOT NULL,
    kind             text NOT NULL,
    status           text NOT NULL DEFAULT 'PENDING'
                     CHECK (status IN ('PENDING', 'DELIVERED', 'EXHAUSTED')),
    attempts         integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    due_at           timestamptz NOT NULL,
    lease_token      text,
    created_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    last_result      text,
    UNIQUE (endpoint_id, feed_id)
) WITH (fillfactor = 70);
COMMENT ON COLUMN alerts.webhook_delivery.due_at IS
    'when it may be taken next; while it is leased, when the lease ends';
CREATE INDEX webhook_delivery_due ON alerts.webhook_delivery (endpoint_id, due_at)
    WHERE status = 'PENDING';
CREATE INDEX webhook_delivery_order ON alerts.webhook_delivery
    (endpoint_id, borrower_id, feed_id) WHERE status = 'PENDING';
CREATE INDEX webhook_delivery_of_alert ON alerts.webhook_delivery (alert_id, endpoint_id);

CREATE TABLE alerts.delivery_attempt (
    attempt_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES alerts.webhook_delivery ON DELETE CASCADE,
    attempt     integer NOT NULL,
    at          timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    result      text NOT NULL,
    status_code integer,
    error       text,
    response    text NOT NULL CHECK (length(response) <= 16384)
);
CREATE INDEX delivery_attempt_of ON alerts.delivery_attempt (delivery_id);
"""


def upgrade() -> None:
    """Create the tables."""
    run(TABLES)


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP TABLE alerts.delivery_attempt, alerts.webhook_delivery, alerts.webhook_endpoint"
    )


def run(statements: str) -> None:
    """Execute statements one by one: the driver prepares only single ones."""
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)
