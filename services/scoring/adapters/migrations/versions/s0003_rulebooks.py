"""Create the rulebooks and the steps of their approval.

Both tables only grow, and their constraints alone hold the four eyes: a step repeats who the author
is (a foreign key compares that with the rulebook), follows the step before it (another one), and is
refused where the approver is the author by name, by key or as an officer. Whoever connects as the
service can therefore do no more than the service.
"""

from alembic import op

revision = "s0003"
down_revision = "s0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
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
    )
    """,
    """
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
    )
    """,
    """
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
           activated.actor AS activator, activated.at AS activated_at
      FROM scoring.rulebook AS book
      LEFT JOIN scoring.rulebook_step AS proposed
        ON (proposed.name, proposed.version, proposed.step) = (book.name, book.version, 'PROPOSED')
      LEFT JOIN scoring.rulebook_step AS approved
        ON (approved.name, approved.version, approved.step) = (book.name, book.version, 'APPROVED')
      LEFT JOIN scoring.rulebook_step AS activated
        ON (activated.name, activated.version, activated.step)
           = (book.name, book.version, 'ACTIVATED')
    """,
    "COMMENT ON TABLE scoring.rulebook IS 'what was drafted, by whom; append-only'",
    "COMMENT ON TABLE scoring.rulebook_step IS 'who proposed, approved, activated; append-only'",
    "REVOKE UPDATE, DELETE, TRUNCATE ON scoring.rulebook, scoring.rulebook_step "
    "FROM tocsin_scoring",
    "REVOKE INSERT, UPDATE, DELETE ON scoring.rulebook_standing FROM tocsin_scoring",
)


def upgrade() -> None:
    """Create the tables; the service may add to them and nothing else."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop what was created; who approved what goes with it."""
    op.execute("DROP VIEW scoring.rulebook_standing")
    op.execute("DROP TABLE scoring.rulebook_step")
    op.execute("DROP TABLE scoring.rulebook")
