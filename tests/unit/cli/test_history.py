"""`tocsin history` opens, lists and closes loads of history."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from services.cli import api, history
from services.cli.errors import CommandError
from tests.fakes.ingest_in_memory import MemoryIngest, ingest_in_memory


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryIngest:
    memory = ingest_in_memory()
    app = memory.app()
    monkeypatch.setattr(
        api, "client", lambda url, key: TestClient(app, headers={"Authorization": "Bearer any"})
    )
    return memory


def run(*arguments: str) -> Any:
    return CliRunner().invoke(history.app, list(arguments))


def last_line(result: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1])
    return document


@pytest.mark.usefixtures("memory")
def test_a_load_is_opened_listed_and_closed() -> None:
    opened = run("open", "--source", "core/*", "--source", "cards", "--reason", "ten [b] years")
    assert opened.stdout == "History load 1 is open.\n"
    [load] = last_line(run("list", "--json"))["items"]
    assert (load["sources"], load["opened_by"], load["closed_at"]) == (
        ["core/*", "cards"],
        "key:key-1",
        None,
    )
    assert "ten [b] years" in run("list").stdout
    assert last_line(run("close", "1", "--json"))["closed_by"] == "key:key-1"
    again = run("close", "1")
    assert isinstance(again.exception, CommandError)
