"""Events for linked borrowers and reminders are sent again with the bytes that they had."""

import json
from typing import Any

from services.scoring.adapters import state_bytes
from services.scoring.application.event_resend import EventResend, ResendSpan
from services.scoring.application.ports import StoredState
from tests.fakes.approvals_in_memory import NoDatabase
from tests.fakes.poisoned_codec import breaking_event
from tests.fakes.scoring_store import MemoryOutbox
from tests.fakes.scoring_worker import MemoryWorker, eager
from tests.fakes.wire_events import closed, registered
from tests.unit.scoring.application.test_linked_events import Topic, guarantees, lived, reported


class StoredRows:
    """Implements `ResendRows` and `PartitionLock` over a worker in memory."""

    def __init__(self, worker: MemoryWorker) -> None:
        self._states = worker.states

    async def hold_snapshot(self, connection: Any) -> None:
        """Do nothing: memory has one moment."""

    async def stored(
        self, connection: Any, borrower_id: str
    ) -> tuple[StoredState, int | None] | None:
        isolation = self._states.isolations.get(borrower_id)
        row = self._states.rows.get(borrower_id)
        return row and (row, isolation and isolation.folded_to)

    async def from_sequence(
        self, connection: Any, borrower_id: str, first: int, *, limit: int
    ) -> list[tuple[int, bytes]]:
        return []

    async def lock(self, connection: Any, *, topic: str, partition: int) -> None:
        """Do nothing: no other transaction runs."""


async def resent(worker: MemoryWorker, borrower_id: str, *, number: int) -> list[bytes]:
    """Return what is sent again of a borrower from a number on."""
    outbox, rows = MemoryOutbox(), StoredRows(worker)
    resend = EventResend(
        database=NoDatabase(),
        rows=rows,
        ledger=worker.ledger,
        rebuilder=worker.parts.rebuilder,
        partitions=rows,
        outbox=outbox,
        messages=worker.parts.messages,
        topic="events",
    )
    span = ResendSpan(sequence=None, number=number)
    await resend.resend(borrower_id, span, actor="ada", reason="lost")
    return [message.value for message in outbox.messages]


def sent_by(worker: MemoryWorker, borrower_id: str) -> list[bytes]:
    messages = [message.value for message in worker.outbox.messages]
    return [raw for raw in messages if json.loads(raw)["id"].startswith(f"told:{borrower_id}:")]


async def test_the_fold_gives_the_bytes_that_were_sent() -> None:
    worker = (await lived(Topic())).worker
    sent = sent_by(worker, "A")
    assert len(sent) >= 3
    assert await resent(worker, "A", number=1) == sent
    assert await resent(worker, "A", number=2) == sent[1:]


async def test_of_an_isolated_borrower_only_what_was_sent_is_sent_again() -> None:
    topic = Topic()
    await topic.write(registered("A"), registered("B"), guarantees("A", "B"), closed(0))
    sent = sent_by(topic.worker, "A")
    topic.worker.deploy(breaking_event(topic.worker.codec, "A-INSOLVENCY-1"))
    await topic.write(reported("A", "INSOLVENCY", 1), closed(1))
    topic.worker.deploy(topic.worker.codec)
    assert set(topic.worker.states.isolations) == {"A"}
    assert await resent(topic.worker, "A", number=1) == sent != []


async def test_a_lost_state_that_comes_after_a_newer_one_changes_nothing() -> None:
    topic = await lived(Topic())
    states = [raw for raw in topic.linked_events() if b"related-state" in raw and b'"A"' in raw]
    lost, *_, newest = [raw for raw in states if json.loads(raw)["subject"] == "B"]
    assert json.loads(lost)["data"]["state"] != json.loads(newest)["data"]["state"]
    without = [raw for raw in topic.log if raw != lost]
    expected, late = eager(without), eager([*without, lost])
    assert state_bytes.encode(late.borrowers["B"]) == state_bytes.encode(expected.borrowers["B"])
