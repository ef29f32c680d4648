"""Let an activated rulebook be activated again: the way back to an earlier version.

The first activation stays a step; each later one is a row here, and only of a rulebook that was
activated before, so what two people let pass is still all that can be in force.
"""

from alembic import op

revision = "s0004"
down_revision = "s0003"
branch_labels = None
depends_on = None

COLUMNS = """
       book.name, book.version, book.document, book.sha256,
       CASE WHEN activated.at IS NOT NULL THEN 'ACTIVATED'
            WHEN approved.at IS NOT NULL THEN 'APPROVED'
            WHEN proposed.at IS NOT NULL THEN 'PROPOSED'
            ELSE 'DRAFT' END AS status,
       book.author, book.author_key, book.author_officer, book.drafted_at,
       proposed.at AS proposed_at,
       approved.actor AS approver, approved.actor_key AS approver_key,
       approved.at AS approved_at
"""
STEPS = """
  FROM scoring.rulebook AS book
  LEFT JOIN scoring.rulebook_step AS proposed
    ON (proposed.name, proposed.version, proposed.step) = (book.name, book.version, 'PROPOSED')
  LEFT JOIN scoring.rulebook_step AS approved
    ON (approved.name, approved.version, approved.step) = (book.name, book.version, 'APPROVED')
  LEFT JOIN scoring.rulebook_step AS activated
    ON (activated.name, activated.version, activated.step)
       = (book.name, book.version, 'ACTIVATED')
"""
STATEMENTS = (
    """
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
    )
    """,
    f"""
    CREATE OR REPLACE VIEW scoring.rulebook_standing AS
    SELECT {COLUMNS},
           coalesce(again.actor, activated.actor) AS activator,
           coalesce(again.at, activated.at) AS activated_at,
           coalesce(again.number, (activated.at IS NOT NULL)::integer) AS activations
    {STEPS}
      LEFT JOIN LATERAL (
        SELECT actor, at, number FROM scoring.rulebook_activation AS one
         WHERE (one.name, one.version) = (book.name, book.version)
         ORDER BY number DESC LIMIT 1) AS again ON true
    """,
    "COMMENT ON TABLE scoring.rulebook_activation IS "
    "'who activated a rulebook again, from the second time on; append-only'",
    "REVOKE UPDATE, DELETE, TRUNCATE ON scoring.rulebook_activation FROM tocsin_scoring",
)


def upgrade() -> None:
    """Create the table; the service may add to it and nothing else."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the table; who activated what again goes with it."""
    op.execute("DROP VIEW scoring.rulebook_standing")
    op.execute(
        f"CREATE VIEW scoring.rulebook_standing AS SELECT {COLUMNS}, "
        f"activated.actor AS activator, activated.at AS activated_at {STEPS}"
    )
    op.execute("REVOKE INSERT, UPDATE, DELETE ON scoring.rulebook_standing FROM tocsin_scoring")
    op.execute("DROP TABLE scoring.rulebook_activation")
