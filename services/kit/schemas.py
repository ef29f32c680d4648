"""The database schemas, and whether they have the revision that this code was written for.

A service calls `at_head` for its readiness and never migrates, so this module parses the files of
the migrations instead of loading Alembic, which takes longer than the rest of a start.
`migrations.py` changes the schemas.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.kit.access.queries import Queries

_SERVICES = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Schema:
    """A PostgreSQL schema with its own sequence of migrations."""

    name: str
    folder: Path
    role: str | None

    @property
    def versions(self) -> Path:
        """Returns the folder of the migrations."""
        return self.folder / "versions"


SCHEMAS: dict[str, Schema] = {
    "access": Schema("access", _SERVICES / "kit" / "access" / "migrations", None),
    **{
        name: Schema(name, _SERVICES / name / "adapters" / "migrations", f"tocsin_{name}")
        for name in ("ingest", "scoring", "alerts")
    },
}
SERVICE_ROLES = tuple(schema.role for schema in SCHEMAS.values() if schema.role)


@cache
def head(name: str) -> str | None:
    """Returns the newest revision of a schema's migrations; None if it has none."""
    links = [_link(path) for path in SCHEMAS[name].versions.glob("*.py") if path.stem != "__init__"]
    heads = {revision for revision, _ in links} - {before for _, before in links}
    if len(heads) > 1:
        raise ValueError(f"migrations of {name} end in more than one: {sorted(map(str, heads))}")
    return heads.pop() if heads else None


async def at_head(queries: Queries, name: str) -> bool:
    """Returns whether a schema has exactly the revision that this code was written for."""
    table = f"{SCHEMAS[name].name}.alembic_version"
    if await queries.fetchrow("SELECT 1 WHERE to_regclass($1) IS NOT NULL", table) is None:
        return False
    rows = await queries.fetch(f"SELECT version_num FROM {table}")
    return [row["version_num"] for row in rows] == [head(name)]


def _link(path: Path) -> tuple[str | None, str | None]:
    """Returns a migration's revision and the one before it, without running the file."""
    revisions: dict[str, str | None] = {}
    for node in ast.parse(path.read_text(encoding="utf-8"), filename=str(path)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("revision", "down_revision"):
                revisions[name] = ast.literal_eval(node.value)
    return revisions["revision"], revisions["down_revision"]
