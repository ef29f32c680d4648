"""A small handler as scoring's: a ledger that removes duplicates, and state behind a cache.

Its cache is correct only if the consumer calls `committed`, `rolled_back` and `released` when it
must; a stale cache shows as a wrong number in a published message.
"""

from typing import Any

from services.kit.database import Connection
from services.kit.metrics import Metric
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.quarantine import Quarantine, RejectedRecord
from services.kit.stream.records import Batch, Record
from tests.simulation.statements import LEDGER, LOAD, SCHEMA, STORE

State = tuple[str, ...]


class LabelCheckingRecorder:
    """A recorder that stores nothing and refuses labels that a metric does not have."""

    def add(self, metric: Metric, amount: float = 1, /, **labels: str) -> None:
        self._check(metric, labels)

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        self._check(metric, labels)

    def observe(self, metric: Metric, value: float, /, **labels: str) -> None:
        self._check(metric, labels)

    def forget(self, metric: Metric, /, **labels: str) -> None:
        self._check(metric, labels)

    def _check(self, metric: Metric, labels: dict[str, str]) -> None:
        if tuple(labels) != metric.labels and set(labels) != set(metric.labels):
            raise ValueError(f"metric {metric.name} has the labels {metric.labels}, got {labels}")


class CountingHandler(Handler):
    """Appends each new id to its key's state and publishes its position there."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._quarantine = Quarantine(schema=SCHEMA)
        self._cache: dict[int, dict[str, State]] = {}
        self._staged: dict[int, dict[str, State]] = {}

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        events = [_decoded(record) for record in batch.records]
        ids = list(dict.fromkeys(event_id for _, event_id in events))
        new = {row["id"] for row in await connection.fetch(LEDGER, batch.partition, ids)}
        cache = self._cache.setdefault(batch.partition, {})
        missing = sorted({key for key, _ in events} - cache.keys())
        states = {r["key"]: r["state"] for r in await connection.fetch(LOAD, missing)}
        changed: dict[str, State] = {}
        messages = []
        for key, event_id in events:
            if event_id not in new:
                continue
            new.remove(event_id)
            state = changed.get(key) or states.get(key) or cache.get(key) or ()
            changed[key] = (*state, event_id)
            messages.append(_message(batch.partition, key, len(state) + 1, event_id))
        await connection.execute(STORE, changed)
        await self._outbox.append(connection, messages, partition=batch.partition)
        self._staged[batch.partition] = changed
        return Tally(duplicates=len(events) - len(messages))

    async def quarantine(self, batch: Batch, error: Exception, connection: Connection) -> Tally:
        return await self._quarantine.insert(
            connection, [RejectedRecord(batch.records[0], "poison", str(error), batch.generation)]
        )

    def committed(self, batch: Batch) -> None:
        staged = self._staged.pop(batch.partition, {})
        self._cache.setdefault(batch.partition, {}).update(staged)

    def rolled_back(self, partition: int) -> None:
        self._staged.pop(partition, None)
        self._cache.pop(partition, None)

    async def released(self, partition: int) -> None:
        self.rolled_back(partition)


def _decoded(record: Record) -> tuple[str, str]:
    value = (record.value or b"").decode()
    if value.startswith("poison"):
        raise ValueError(value)
    return (record.key or b"").decode(), value


def _message(partition: int, key: str, number: int, event_id: str) -> Message:
    value = f"{key} {number} {event_id}".encode()
    return Message(topic="risk", key=key.encode(), value=value, to_partition=partition)


def expected_messages(records: list[Any]) -> list[bytes]:
    """Returns the messages that a partition's log must give, by the simplest possible fold."""
    seen: set[bytes] = set()
    numbers: dict[bytes, int] = {}
    messages = []
    for record in records:
        if record.value.startswith(b"poison") or record.value in seen:
            continue
        seen.add(record.value)
        numbers[record.key] = numbers.get(record.key, 0) + 1
        messages.append(b"%s %d %s" % (record.key, numbers[record.key], record.value))
    return messages
