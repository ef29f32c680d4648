"""Creates the table of API keys."""

from services.kit.migrations import execute

revision = "a0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE access.api_key (
    id            text PRIMARY KEY CHECK (id ~ '^[a-z2-7]{12}$'),
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    roles         text[] NOT NULL CHECK (cardinality(roles) > 0),
    sources       text[] NOT NULL DEFAULT '{}',
    may_send      text[] NOT NULL DEFAULT '{*}' CHECK (cardinality(may_send) > 0),
    officer_id    text,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz CHECK (expires_at > created_at),
    revoked_at    timestamptz CHECK (revoked_at >= created_at)
);
"""


def upgrade() -> None:
    """Creates the table."""
    execute(TABLES)
