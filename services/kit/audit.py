"""Append-only tables, and audit rows in a hash chain from the first row on.

`TABLES` comes first in a schema's migrations. `append_only` forbids every role, the administrator
included, to change or delete rows. `audited` does the same and numbers the rows without a gap; each
row's hash covers its columns and the hash of the row before. Only the owner of the tables could
switch the triggers off, and then `first_break` finds the row: to hide a change, every later hash
must be computed again, and the last one differs from the one that was noted elsewhere.

Columns that are null are left out of the hash, so a migration may add one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kit.database import Connection

TABLES = """
CREATE FUNCTION {schema}.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
CREATE TABLE {schema}.audit_head (
    table_name text PRIMARY KEY,
    number     bigint NOT NULL,
    hash       bytea NOT NULL
);
COMMENT ON TABLE {schema}.audit_head IS 'the last row of each audited table';
"""
# The rows of the chain's end are written by the trigger, with the rights of its owner.
RIGHTS = "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {schema}.audit_head FROM {role}"
_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE{columns} OR DELETE OR TRUNCATE ON {schema}.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.append_only();
"""
# One writer of a table at a time, by the lock on its head. The row before is read by the index, not
# carried along in the head: many versions of one row in a transaction would cost a search each.
_AUDITED = """
ALTER TABLE {schema}.{table}
    ADD COLUMN audit_number bigint NOT NULL UNIQUE,
    ADD COLUMN audit_hash bytea NOT NULL;
INSERT INTO {schema}.audit_head
    VALUES ('{table}', 0, sha256(convert_to('{schema}.{table}', 'UTF8')));
CREATE FUNCTION {schema}.{table}_audit() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    before {schema}.audit_head;
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        SELECT link.* INTO STRICT before FROM (
            (SELECT head.* FROM {schema}.audit_head AS head WHERE table_name = '{table}')
            UNION ALL
            (SELECT '{table}', audit_number, audit_hash FROM {schema}.{table}
              ORDER BY audit_number DESC LIMIT 1)) AS link
         ORDER BY link.number DESC LIMIT 1;
        NEW.audit_number := before.number + 1;
        NEW.audit_hash := sha256(before.hash || convert_to(
            jsonb_strip_nulls(to_jsonb(NEW) - 'audit_hash')::text, 'UTF8'));
        RETURN NEW;
    ELSIF TG_WHEN = 'BEFORE' THEN
        PERFORM FROM {schema}.audit_head WHERE table_name = '{table}' FOR UPDATE;
    ELSE
        UPDATE {schema}.audit_head AS head SET number = last.audit_number, hash = last.audit_hash
          FROM (SELECT audit_number, audit_hash FROM {schema}.{table}
                 ORDER BY audit_number DESC LIMIT 1) AS last
         WHERE table_name = '{table}' AND last.audit_number > head.number;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_turn BEFORE INSERT ON {schema}.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{table}_audit();
CREATE TRIGGER audit_link BEFORE INSERT ON {schema}.{table}
    FOR EACH ROW EXECUTE FUNCTION {schema}.{table}_audit();
CREATE TRIGGER audit_head AFTER INSERT ON {schema}.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{table}_audit();
"""
_HEADS = "SELECT table_name, number, hash FROM {schema}.audit_head ORDER BY table_name"
_FIRST_BREAK = """
WITH chain AS (
    SELECT audit_number AS number, audit_hash AS hash,
           lag(audit_number, 1, 0::bigint) OVER numbered AS number_before,
           lag(audit_hash, 1, sha256(convert_to('{schema}.{table}', 'UTF8'))) OVER numbered
               AS hash_before,
           jsonb_strip_nulls(to_jsonb(audited) - 'audit_hash')::text AS content
      FROM {schema}.{table} AS audited WINDOW numbered AS (ORDER BY audit_number))
SELECT number, number_before, content FROM chain
 WHERE number <> number_before + 1
    OR hash <> sha256(hash_before || convert_to(content, 'UTF8'))
 ORDER BY number LIMIT 1
"""
_LAST = "SELECT audit_number, audit_hash FROM {schema}.{table} ORDER BY 1 DESC LIMIT 1"


def append_only(schema: str, table: str, *, columns: Sequence[str] = ()) -> str:
    """Returns the statement that makes a table append-only, or only the values of some columns."""
    of = f" OF {', '.join(columns)}" if columns else ""
    return _APPEND_ONLY.format(schema=schema, table=table, columns=of)


def audited(schema: str, table: str) -> str:
    """Returns the statements that make a table append-only and chain its rows."""
    return append_only(schema, table) + _AUDITED.format(schema=schema, table=table)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChain:
    """The chain of one table as it was found; `broken` is None where it is whole."""

    table: str
    rows: int
    hash: str
    broken: str | None


async def check_chains(connection: Connection, schema: str) -> list[AuditChain]:
    """Returns the chains of a schema; call it in one snapshot, with UTC as the time zone."""
    chains = []
    for head in await connection.fetch(_HEADS.format(schema=schema)):
        table = head["table_name"]
        broken = await _first_break(connection, schema, table, (head["number"], head["hash"]))
        chains.append(
            AuditChain(
                table=f"{schema}.{table}",
                rows=head["number"],
                hash=head["hash"].hex(),
                broken=broken,
            )
        )
    return chains


async def _first_break(
    connection: Connection, schema: str, table: str, head: tuple[int, bytes]
) -> str | None:
    row = await connection.fetchrow(_FIRST_BREAK.format(schema=schema, table=table))
    if row is not None and row["number"] != row["number_before"] + 1:
        return f"row {row['number_before'] + 1} is missing"
    if row is not None:
        return f"row {row['number']} was changed: {row['content']}"
    last = await connection.fetchrow(_LAST.format(schema=schema, table=table))
    number, value = (last["audit_number"], last["audit_hash"]) if last else (0, None)
    if number < head[0]:
        return f"row {number + 1} is missing"
    if number > head[0] or (value is not None and value != head[1]):
        return f"row {number} is not the last one that was written"
    return None
