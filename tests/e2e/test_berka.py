"""Real accounts through the real system: Berka by convert, replay, the three services, verify.

Skipped, with the reason, where the public data is absent. Days are closed by the file, as a core
banking system would close them.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from lab.convert.berka import Berka
from lab.stack.logins import service_variables
from lab.stack.ports import free_ports
from lab.stack.probes import in_own_loop
from lab.stack.service_processes import Program, ServiceProcesses
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.access.store import Grant
from tests.conftest import CreateTopics, Servers

pytestmark = pytest.mark.e2e
LAST_DAY = "1993-08-31"
LIMIT_SECONDS = 600


@pytest.fixture
def folder() -> Path:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "public"
    folder = Path(os.environ.get("TOCSIN_PUBLIC_DATA", beside))
    if not (folder / "berka_trans.parquet").exists():
        pytest.skip(f"public data is not in {folder}; set TOCSIN_PUBLIC_DATA")
    return folder


@pytest.fixture
def settings(
    stack: Servers, database_url: str, topic_prefix: str, create_topics: CreateTopics
) -> dict[str, str]:
    create_topics("events", "intake", "risk", "alerts", partitions=4)
    return {
        "TOCSIN_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "TOCSIN_DATABASE_URL": database_url,
        **service_variables(database_url),
        "TOCSIN_TOPIC_PREFIX": topic_prefix,
        "TOCSIN_PARTITIONS": "4",
        "TOCSIN_BANK_TIMEZONE": "Europe/Prague",
        "TOCSIN_DAY_CLOSE": "events",
        "TOCSIN_DAY_CLOSE_SOURCE": "berka/core",
    }


@pytest.fixture
def ingest_url(settings: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The three services, ready; ingest without raw topics."""
    (tmp_path / "no-mappings").mkdir()
    own = {
        "ingest": {"TOCSIN_INGEST_MAPPINGS": str(tmp_path / "no-mappings")},
        "scoring": {},
        "alerts": {
            "TOCSIN_ALERTS_SECRET_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        },
    }
    children = ServiceProcesses(tmp_path, settings=settings)
    urls = []
    try:
        for (name, extra), port in zip(own.items(), free_ports(3), strict=True):
            urls.append(f"http://127.0.0.1:{port}")
            children.start(
                Program(
                    name=name,
                    module=f"services.{name}",
                    arguments=(),
                    url=urls[-1],
                    settings={f"TOCSIN_{name.upper()}_PORT": str(port), **extra},
                )
            )
        in_own_loop(children.wait_until_ready)
        yield urls[0]
    finally:
        children.stop()


def test_real_accounts_are_judged_and_the_ledger_verifies(
    folder: Path, settings: dict[str, str], ingest_url: str, tmp_path: Path
) -> None:
    events = tmp_path / "berka.ndjson"
    offered = write_until(events, folder)

    operator = key(settings, Role.OPERATOR)
    as_operator = ("--url", ingest_url, "--key", operator)
    opened = ("--source", "berka/core", "--reason", "the accounts of 1993 to 1998")
    tocsin("history", "open", *opened, *as_operator)
    replayed = tocsin("replay", str(events), "--url", ingest_url, "--key", key(settings))
    tocsin("history", "close", "1", *as_operator)
    assert replayed["accepted"] == replayed["offered"] == offered

    verified = tocsin("verify", "--wait", str(LIMIT_SECONDS / 2), environment=settings)
    assert verified["verified"] is True
    assert verified["mismatches"] == 0
    assert verified["borrowers"] > 400
    assert (
        verified["offered"]
        == verified["applied"] + verified["duplicates"] + (verified["quarantined"])
    )
    alerted = borrowers_with_alerts(settings)
    assert alerted
    assert alerted <= owing(events)


def write_until(path: Path, folder: Path) -> int:
    """Write the events up to the last day; return how many."""
    count = 0
    with path.open("wb") as file:
        for line in Berka(folder=folder, day_closes=True).lines():
            file.write(line + b"\n")
            count += 1
            if f'"day-closed:{LAST_DAY}"'.encode() in line:
                break
    return count


def borrowers_with_alerts(settings: dict[str, str]) -> set[str]:
    async def read() -> set[str]:
        connection = await asyncpg.connect(settings["TOCSIN_DATABASE_URL"])
        try:
            rows = await connection.fetch("SELECT DISTINCT borrower_id FROM alerts.alert")
        finally:
            await connection.close()
        return {row["borrower_id"] for row in rows}

    return in_own_loop(read)


def owing(events: Path) -> set[str]:
    """Return the accounts with a loan, and those that were ever overdrawn."""
    found = set()
    with events.open("rb") as file:
        for line in file:
            if b'"loan.booked.' in line or b'_balance":"-' in line or b'balance_after":"-' in line:
                found.add(json.loads(line)["subject"])
    return found


def key(settings: dict[str, str], role: Role = Role.SOURCE) -> str:
    is_source = role is Role.SOURCE
    grant = Grant(
        name=role.value.lower(),
        roles=frozenset({role}),
        sources=("berka/core",) if is_source else (),
        may_send=("*", "day.closed") if is_source else ("*",),
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )

    async def issue() -> str:
        connection = await asyncpg.connect(settings["TOCSIN_DATABASE_URL"])
        try:
            _, text = await store.issue(connection, grant, at=datetime.now(UTC))
        finally:
            await connection.close()
        return text

    return in_own_loop(issue)


def tocsin(*arguments: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a command with --json; return its last line."""
    answer = subprocess.run(
        [sys.executable, "-c", "from services.cli.main import run; run()", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found
