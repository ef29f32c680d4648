"""Create the census of PD models: how borrowers are spread over their bins at each month's close.

Counted in the transaction that emits the assessments, so each borrower counts once. Drift is
computed from it; it can be counted again from the ledger.
"""

from alembic import op

revision = "s0006"
down_revision = "s0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE scoring.pd_census (
        partition integer NOT NULL,
        as_of     date NOT NULL,
        model     text COLLATE "C" NOT NULL,
        version   text COLLATE "C" NOT NULL,
        figure    text COLLATE "C" NOT NULL,
        expected  double precision[] NOT NULL,
        counts    bigint[] NOT NULL,
        PRIMARY KEY (as_of, model, version, figure, partition)
    )
    """,
    "COMMENT ON TABLE scoring.pd_census IS "
    "'borrowers by bin of each PD model at month closes, those not measured first'",
    "COMMENT ON COLUMN scoring.pd_census.expected IS "
    "'shares of the reference population in the same bins'",
)


def upgrade() -> None:
    """Create the table."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the table."""
    op.execute("DROP TABLE scoring.pd_census")
