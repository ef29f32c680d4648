"""`tocsin quarantine` shows, retries and discards; its exit status says whether it did."""

import json
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from services.cli import api, quarantine
from services.cli.errors import CommandError
from services.ingest.application.ports import FullEntry
from tests.fakes.ingest_in_memory import MemoryIngest, ingest_in_memory
from tests.fakes.wire_events import flow, repayment, written


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryIngest:
    """An ingest with one broken input, one with a number for money, and one that waits."""
    memory = ingest_in_memory()
    client = TestClient(memory.app(), headers={"Authorization": "Bearer any"})
    for body in (b"{broken [bold]", written(repayment(paid_amount=1)), written(flow())):
        client.post(
            "/v1/events", content=body, headers={"Content-Type": "application/cloudevents+json"}
        )
    monkeypatch.setattr(
        api,
        "client",
        lambda url, key: TestClient(memory.app(), headers={"Authorization": "Bearer any"}),
    )
    return memory


def run(*arguments: str) -> Any:
    return CliRunner().invoke(quarantine.app, list(arguments))


def last_line(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1])
    return found


def test_the_list_names_what_is_open_and_counts_the_rest(memory: MemoryIngest) -> None:
    shown = last_line(run("list", "--json"))
    assert [item["reason"] for item in shown["items"]] == ["not_json", "invalid_field"]
    assert shown["totals"] == {"open": 2, "parked": 1, "released": 0, "discarded": 0}


def test_the_list_is_a_table_for_people(memory: MemoryIngest) -> None:
    text = run("list", "--status", "all").stdout
    assert "unknown_account" in text
    assert "2 open, 1 parked" in text


def test_an_input_is_shown_with_its_bytes_as_they_came(memory: MemoryIngest) -> None:
    text = run("show", "1").stdout
    assert "{broken [bold]" in text
    assert "Fix the JSON at the source" in text


def test_a_retry_that_fails_again_ends_with_one(memory: MemoryIngest) -> None:
    result = run("retry", "2", "--json")
    assert result.exit_code == 1
    assert last_line(result)["still_kept"] == 1


def test_a_retry_that_works_ends_with_zero(
    memory: MemoryIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = memory.quarantine.rows[1]
    corrected = msgspec.structs.replace(full.input, raw=written(repayment()))
    memory.quarantine.rows[1] = FullEntry(entry=full.entry, input=corrected)
    result = run("retry", "--reason", "invalid_field", "--json")
    assert result.exit_code == 0
    assert last_line(result) == {"tried": 1, "released": 1, "still_kept": 0}
    assert memory.publisher.ids == ["PAY-1"]


def test_a_retry_of_nothing_in_particular_is_refused(memory: MemoryIngest) -> None:
    with pytest.raises(CommandError, match="Name one entry"):
        raise run("retry").exception


def test_a_discard_keeps_the_reason(memory: MemoryIngest) -> None:
    assert run("discard", "1", "--reason", "a probe of the network").exit_code == 0
    assert memory.quarantine.rows[0].entry.note == "a probe of the network"


def test_what_is_settled_is_said_with_a_remedy(memory: MemoryIngest) -> None:
    run("discard", "1", "--reason", "a probe of the network")
    error = run("discard", "1", "--reason", "again").exception
    assert isinstance(error, CommandError)
    assert "409" in error.problem
    assert "settled before" in error.remedy


def test_an_address_where_nobody_listens_is_said_with_a_remedy() -> None:
    error = run("list", "--url", "http://127.0.0.1:1").exception
    assert isinstance(error, CommandError)
    assert "TOCSIN_INGEST_URL" in error.remedy
