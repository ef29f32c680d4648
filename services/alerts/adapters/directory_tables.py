"""The tables of the directory: every version that was submitted, and which ones were activated."""

from typing import Final

TABLES: Final = """
CREATE TABLE alerts.directory_version (
    version    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    follows    bigint CHECK (follows < version),
    document   json NOT NULL,
    digest     bytea NOT NULL CHECK (length(digest) = 32),
    reason     text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    created_by text COLLATE "C" NOT NULL CHECK (created_by <> ''),
    created_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (version, follows)
);
COMMENT ON TABLE alerts.directory_version IS
    'directories of people and duties as submitted, active or not; append-only';
COMMENT ON COLUMN alerts.directory_version.follows IS
    'the version that was active when it was submitted; null: none was';

CREATE TABLE alerts.directory_activation (
    version      bigint PRIMARY KEY REFERENCES alerts.directory_version,
    follows      bigint REFERENCES alerts.directory_activation,
    reason       text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    activated_by text COLLATE "C" NOT NULL CHECK (activated_by <> ''),
    activated_at timestamptz NOT NULL,
    CONSTRAINT directory_versions_form_one_line UNIQUE NULLS NOT DISTINCT (follows),
    FOREIGN KEY (version, follows) REFERENCES alerts.directory_version (version, follows)
);
COMMENT ON TABLE alerts.directory_activation IS
    'the versions that came into effect, each after the one that it was made from; append-only';
"""
AUDITED: Final = ("directory_version", "directory_activation")
