"""Stores between commands what runs on which port, in one small file in the data folder.

Written to a temporary file and renamed, so that a reader never reads half of it; only its owner may
read it, because it contains the database password.
"""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lab.stack.processes import StartedProcess

FILE_NAME = "stack.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """Ports and secrets that stay the same from run to run, and the processes of this run."""

    cluster_id: str
    database_password: str
    kafka_port: int | None = None
    controller_port: int | None = None
    postgres_port: int | None = None
    kafka: StartedProcess | None = None
    postgres: StartedProcess | None = None

    def without_processes(self) -> "StackState":
        """Return the state after everything was stopped."""
        return replace(self, kafka=None, postgres=None)


def load(data_dir: Path) -> StackState | None:
    """Return what the last run wrote, or None for a new folder."""
    try:
        fields = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    for server in ("kafka", "postgres"):
        if fields[server] is not None:
            fields[server] = StartedProcess(**fields[server])
    return StackState(**fields)


def save(state: StackState, *, data_dir: Path) -> None:
    """Write the state so that a crash leaves either the old or the new one."""
    temporary = data_dir / f"{FILE_NAME}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(data_dir / FILE_NAME)
