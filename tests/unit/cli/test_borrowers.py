"""`tocsin borrowers`: an operator lists and resumes isolated borrowers, and resends events."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from services.cli import api, borrowers
from services.cli.borrowers import app
from services.cli.errors import CommandError
from services.cli.verify.verification import Verification
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.kit.stream.outbox import Message
from services.scoring.application.event_resend import EventResend, ResendSpan
from services.scoring.application.isolated_borrowers import IsolatedBorrower, IsolatedBorrowers
from services.scoring.application.ports import StoredState
from services.scoring.entrypoints.http import create_app
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.approvals_in_memory import NoDatabase, no_approvals
from tests.fakes.clock import ManualClock
from tests.fakes.scoring_worker import MemoryWorker
from tests.unit.scoring.entrypoints.test_borrowers_api import Keys

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)


class MemoryIsolation:
    """Implements `IsolationRows` and `PartitionRelease`; records what was done, in order."""

    def __init__(self) -> None:
        self.names = [f"B/{number:04}" for number in range(501)]
        self.done: list[tuple[str, str | int]] = []
        self.recorded: list[tuple[str, str]] = []

    async def listed(self, connection: Any, *, after: str, limit: int) -> list[IsolatedBorrower]:
        names = [name for name in self.names if name > after][:limit]
        return [
            IsolatedBorrower(
                borrower_id=name,
                partition=3,
                folded_to=41,
                reason="OverflowError: [red]int too large",
                isolated_at=SINCE,
                is_resume_requested=False,
                waiting=7,
            )
            for name in names
        ]

    async def partition_of(self, connection: Any, borrower_id: str) -> int | None:
        return 3 if borrower_id in self.names else None

    async def request_resume(
        self, connection: Any, borrower_id: str, *, actor: str, reason: str
    ) -> None:
        self.done.append(("requested", borrower_id))
        self.recorded.append((actor, reason))

    async def release(self, connection: Any, *, topic: str, partition: int) -> None:
        self.done.append((f"released {topic}", partition))


class MemoryAssessments:
    """Implements `ResendRows`, `PartitionLock` and the outbox; records what was done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.appended: list[tuple[int, Message]] = []

    async def hold_snapshot(self, connection: Any) -> None:
        """Do nothing: memory has one moment."""

    async def stored(
        self, connection: Any, borrower_id: str
    ) -> tuple[StoredState, int | None] | None:
        return (StoredState("B/1", 3, -1, None), None) if borrower_id == "B/1" else None

    async def lock(self, connection: Any, *, topic: str, partition: int) -> None:
        self.done.append(f"locked {topic} {partition}")

    async def from_sequence(
        self, connection: Any, borrower_id: str, first: int, *, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        self.done.append("read")
        return [(number, b"%d" % number) for number in range(first, 1_002)][:limit]

    async def append(self, connection: Any, messages: Sequence[Message], *, partition: int) -> None:
        self.done.append("appended")
        self.appended += [(partition, message) for message in messages]


@pytest.fixture
def assessments() -> MemoryAssessments:
    return MemoryAssessments()


@pytest.fixture
def isolation(monkeypatch: pytest.MonkeyPatch, assessments: MemoryAssessments) -> MemoryIsolation:
    """Let the commands call a scoring service in memory."""
    memory = MemoryIsolation()
    isolated = IsolatedBorrowers(
        database=NoDatabase(), rows=memory, partitions=memory, topic="events"
    )
    parts = WebParts(
        health=Health(ManualClock(SINCE)),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Keys(),
        access_log=MemoryAccessLog(),
    )
    nothing = cast(Any, None)
    worker = MemoryWorker()
    resend = EventResend(
        database=NoDatabase(),
        rows=assessments,
        ledger=worker.ledger,
        rebuilder=worker.parts.rebuilder,
        partitions=assessments,
        outbox=cast(Any, assessments),
        messages=worker.parts.messages,
        topic="events",
    )
    service = create_app(
        nothing,
        nothing,
        nothing,
        nothing,
        no_approvals(),
        isolated=isolated,
        resend=resend,
        parts=parts,
    )
    monkeypatch.setattr(
        api,
        "client",
        lambda url, key: TestClient(service, headers={"Authorization": f"Bearer {key}"}),
    )
    return memory


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a broker and a database, which no test here reaches."""
    monkeypatch.setenv("TOCSIN_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://127.0.0.1:1/none")


def run(*arguments: str, key: str = "tsk_operator") -> Any:
    result = CliRunner().invoke(app, [*arguments, "--key", key])
    if isinstance(result.exception, CommandError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_isolated_borrowers_are_listed_with_what_waits(isolation: MemoryIsolation) -> None:
    page = json.loads(run("isolated", "--limit", "2", "--json").stdout)
    assert page["next_cursor"] == "B/0001"
    assert page["items"][0] == {
        "borrower_id": "B/0000",
        "partition": 3,
        "folded_to": 41,
        "reason": "OverflowError: [red]int too large",
        "isolated_at": "2026-03-01T12:00:00Z",
        "resume_requested": False,
        "waiting": 7,
    }
    shown = run("isolated", "--limit", "2").stdout
    assert "B/0001" in shown
    assert "the first 2 are shown" in shown


def test_a_resume_releases_the_partition_and_then_stores_the_request(
    isolation: MemoryIsolation,
) -> None:
    run("resume", "B/0003", "--reason", "repaired in 1.4.2")
    assert isolation.done == [("released events", 3), ("requested", "B/0003")]
    assert isolation.recorded == [("key:tsk_operator", "repaired in 1.4.2")]


def test_all_isolated_borrowers_resume_whatever_their_number(isolation: MemoryIsolation) -> None:
    answer = run("resume", "--all", "--reason", "repaired", "--json").stdout
    assert json.loads(answer) == {"requested": 501}
    assert len(isolation.done) == 2 * 501


@pytest.mark.parametrize(
    ("arguments", "key", "problem"),
    [
        (("resume", "B-9", "--reason", "x"), "tsk_operator", "404"),
        (("resume", "B/0003", "--reason", "x"), "tsk_risk", "403"),
        (("isolated",), "tsk_officer-o1", "403"),
        (("resume", "B/0003", "--all", "--reason", "x"), "tsk_operator", "Name borrowers"),
        (("resume", "--reason", "x"), "tsk_operator", "Name borrowers"),
        (("resume", "B/0003", "--reason", " "), "tsk_operator", "--reason is empty"),
    ],
)
def test_a_resume_needs_an_operator_a_reason_and_an_isolated_borrower(
    isolation: MemoryIsolation, arguments: tuple[str, ...], key: str, problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        run(*arguments, key=key)
    assert isolation.done == []


@pytest.mark.usefixtures("isolation")
def test_assessments_are_resent_from_a_number_on_page_by_page(
    assessments: MemoryAssessments,
) -> None:
    answer = run("resend", "B/1", "--from-sequence", "2", "--reason", "lost", "--json").stdout
    # 2 to 1,001: exactly two pages of 500. The row is locked before the assessments are read, so
    # that no newer one gets into the outbox before them.
    assert json.loads(answer) == {"borrowers": 1, "resent": 1_000}
    assert assessments.done == ["locked events 3", "read", "appended"] * 2
    assert [message.value for _, message in assessments.appended] == [
        b"%d" % number for number in range(2, 1_002)
    ]
    assert {(place, message.topic, message.key) for place, message in assessments.appended} == {
        (3, "risk", b"B/1")
    }


@pytest.mark.usefixtures("isolation", "servers")
def test_what_verify_misses_is_resent_and_nothing_else(
    assessments: MemoryAssessments, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_of_verify = Verification(cast(Any, None), tick=lambda rows: None)
    spans = {"B/1": ResendSpan(sequence=1_001, number=None)}
    monkeypatch.setattr(run_of_verify, "missing", lambda: spans)

    async def verification(*_arguments: Any, **_options: Any) -> Verification:
        return run_of_verify

    monkeypatch.setattr(borrowers, "verification", verification)
    answer = run("resend", "--missing", "--reason", "lost", "--json").stdout
    assert json.loads(answer) == {"borrowers": 1, "resent": 1}
    assert [message.value for _, message in assessments.appended] == [b"1001"]
    run_of_verify.findings.waits("risk events not relayed yet", 7)
    with pytest.raises(CommandError, match="may still be under way: risk events not relayed"):
        run("resend", "--missing", "--reason", "lost")


@pytest.mark.usefixtures("isolation", "servers")
def test_everything_of_everybody_is_resent(
    assessments: MemoryAssessments, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everybody(_platform: Any) -> list[str]:
        return ["B/1"]

    monkeypatch.setattr(borrowers, "_everybody", everybody)
    answer = run("resend", "--all", "--reason", "lost", "--json").stdout
    assert json.loads(answer) == {"borrowers": 1, "resent": 1_001}


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize(
    ("arguments", "key", "problem"),
    [
        (("B-9", "--reason", "x"), "tsk_operator", "no borrower B-9"),
        (("B/1", "--reason", "x"), "tsk_risk", "403"),
        (("B/1",), "tsk_operator", "--reason is empty"),
        (("--reason", "x"), "tsk_operator", "Name borrowers"),
        (("B/1", "--all", "--reason", "x"), "tsk_operator", "Name borrowers"),
        (("--missing", "--all", "--reason", "x"), "tsk_operator", "Name borrowers"),
    ],
)
def test_a_resend_needs_an_operator_a_reason_and_a_borrower(
    assessments: MemoryAssessments, arguments: tuple[str, ...], key: str, problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        run("resend", *arguments, key=key)
    assert assessments.appended == []
