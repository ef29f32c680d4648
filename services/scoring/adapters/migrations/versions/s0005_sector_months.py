"""Create the month-ends of the portfolio's sectors: what sector stress is measured against.

Append-only: a month that was measured stays as it was, because figures made of it were published.
The row of sector `*` is the sum of all, and says that the month was measured.
"""

from alembic import op

revision = "s0005"
down_revision = "s0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE scoring.sector_month (
        month_end date NOT NULL,
        sector    text COLLATE "C" NOT NULL,
        currency  text NOT NULL,
        exposure  bigint NOT NULL CHECK (exposure >= 0),
        stressed  bigint NOT NULL CHECK (stressed BETWEEN 0 AND exposure),
        borrowers integer NOT NULL CHECK (borrowers >= 0),
        PRIMARY KEY (month_end, sector)
    )
    """,
    "COMMENT ON TABLE scoring.sector_month IS "
    "'exposure by sector at month-ends, and that in high risk or worse; append-only'",
    "COMMENT ON COLUMN scoring.sector_month.exposure IS 'minor units of the currency'",
    "REVOKE UPDATE, DELETE, TRUNCATE ON scoring.sector_month FROM tocsin_scoring",
)


def upgrade() -> None:
    """Create the table; the service may add to it and nothing else."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the table; the past can be measured again from the assessments."""
    op.execute("DROP TABLE scoring.sector_month")
