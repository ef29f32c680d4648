"""Creates persons, and the API keys and logins that belong to them or to machines."""

from services.kit import audit
from services.kit.access import approval_index
from services.kit.migrations import execute
from services.kit.schemas import SERVICE_ROLES

revision = "a0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE access.person (
    person_id    text COLLATE "C" PRIMARY KEY CHECK (person_id ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
    created_at   timestamptz NOT NULL
);
COMMENT ON TABLE access.person IS 'whom four eyes compare; ids are in lower case';

CREATE TABLE access.api_key (
    id            text PRIMARY KEY CHECK (id ~ '^[a-z2-7]{12}$'),
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    roles         text[] NOT NULL CHECK (cardinality(roles) > 0),
    sources       text[] NOT NULL DEFAULT '{}',
    may_send      text[] NOT NULL DEFAULT '{*}' CHECK (cardinality(may_send) > 0),
    person_id     text COLLATE "C" REFERENCES access.person,
    officer_id    text,
    branch_ids    text[] NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz CHECK (expires_at > created_at),
    CONSTRAINT people_decide CHECK (
        person_id IS NOT NULL OR NOT roles && '{OFFICER,SENIOR,RISK,WORKOUT,APPROVER}')
);
COMMENT ON COLUMN access.api_key.person_id IS 'null: the key of a machine';
CREATE INDEX api_key_of_person ON access.api_key (person_id);

CREATE TABLE access.key_revocation (
    key_id     text PRIMARY KEY REFERENCES access.api_key,
    revoked_at timestamptz NOT NULL
);

CREATE TABLE access.person_removal (
    person_id  text COLLATE "C" PRIMARY KEY REFERENCES access.person,
    removed_at timestamptz NOT NULL
);
COMMENT ON TABLE access.person_removal IS 'whose keys and logins have ended for good';

CREATE TABLE access.identity (
    issuer     text NOT NULL CHECK (issuer LIKE 'https://%'),
    subject    text COLLATE "C" NOT NULL CHECK (subject <> ''),
    person_id  text COLLATE "C" REFERENCES access.person,
    machine    text CHECK (length(machine) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    CONSTRAINT of_a_person_or_a_machine CHECK (num_nonnulls(person_id, machine) = 1)
);
COMMENT ON TABLE access.identity IS 'logins at identity providers, bound to one person or machine';

CREATE TABLE access.row_right (
    person_id  text COLLATE "C" NOT NULL CHECK (person_id <> ''),
    kind       text NOT NULL CHECK (kind IN ('OFFICER', 'BRANCH', 'QUEUE')),
    granted_id text NOT NULL CHECK (granted_id <> ''),
    begins_at  timestamptz,
    ends_at    timestamptz CHECK (ends_at > begins_at),
    reason     text NOT NULL
);
COMMENT ON TABLE access.row_right IS
    'whose borrowers a person reads besides their own: delegations, branches, queues';
CREATE INDEX row_right_of_person ON access.row_right (person_id);
"""


def upgrade() -> None:
    """Creates the tables; a key stays whose it was, and can only be revoked."""
    execute(audit.TABLES.format(schema="access"))
    execute(TABLES)
    execute(audit.append_only("access", "person", columns=("person_id", "created_at")))
    for table in ("api_key", "key_revocation", "person_removal", "identity"):
        execute(audit.audited("access", table))
    # The directory of people, which alerts serves, decides them.
    execute("GRANT INSERT, DELETE ON access.row_right TO tocsin_alerts")
    execute(approval_index.INDEX)
    for table in approval_index.APPEND_ONLY:
        execute(audit.append_only("access", table))
    execute(approval_index.FUNCTIONS)
    execute(approval_index.RIGHTS.format(roles=", ".join(SERVICE_ROLES)))
