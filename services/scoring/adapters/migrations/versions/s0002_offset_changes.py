"""Create the reasons of stopped partitions and the audit of changed positions."""

from alembic import op

from services.kit.stream import incidents

revision = "s0002"
down_revision = "s0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the service may only read what people decided."""
    for statement in incidents.statements(schema="scoring", role="tocsin_scoring"):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for statement in incidents.DROP_TABLES.format(schema="scoring").split(";\n"):
        if statement.strip():
            op.execute(statement)
