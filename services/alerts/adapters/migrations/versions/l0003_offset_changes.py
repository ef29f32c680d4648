"""Create the reasons of stopped partitions and the audit of changed positions."""

from alembic import op

from services.kit.stream import incidents

revision = "l0003"
down_revision = "l0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the service may only read what people decided."""
    for statement in incidents.statements(schema="alerts", role="tocsin_alerts"):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for statement in incidents.DROP_TABLES.format(schema="alerts").split(";\n"):
        if statement.strip():
            op.execute(statement)
