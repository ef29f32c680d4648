"""The effect of each statement of the kit in the simulated database.

The key is the exact text that the kit sends, so a statement that changes must be reviewed here too;
`tests/contract/test_simulated_servers.py` runs both databases on the same scenarios.
"""

from typing import Any

from services.kit.stream import incidents, outbox, progress, quarantine, relay
from tests.simulation.database import GONE, Key, Statement, Transaction

SCHEMA = "stream"

# The simulated handler's own tables.
LEDGER = "sim: insert ids into the ledger, return the new ones"
LOAD = "sim: select state of keys"
STORE = "sim: upsert state"


async def claim(
    transaction: Transaction, consumer: str, topic: str, partition: int, count: int, owner: str
) -> Any:
    key = ("progress", consumer, topic, partition)
    await transaction.lock(key)
    held = transaction.get(key)
    row = (
        dict(held)
        if held
        else {
            "epoch": 0,
            "generation": 0,
            "next_offset": 0,
            "last_digest": None,
            "partition_count": min(
                _counts_of_siblings(transaction, consumer, topic), default=count
            ),
            "records": 0,
            "duplicates": 0,
            "quarantined": 0,
        }
    )
    row |= {"epoch": row["epoch"] + 1, "owner": owner}
    await transaction.put(key, row)
    names = ("epoch", "generation", "next_offset", "last_digest", "partition_count")
    return [{name: row[name] for name in names}]


def _counts_of_siblings(transaction: Transaction, consumer: str, topic: str) -> list[int]:
    rows = {**transaction.server.rows, **transaction.writes}
    return [r["partition_count"] for k, r in rows.items() if k[:3] == ("progress", consumer, topic)]


async def advance(
    transaction: Transaction, consumer: str, topic: str, partition: int, *values: Any
) -> str:
    epoch, first, following, digest, records = values
    key = ("progress", consumer, topic, partition)
    await transaction.lock(key)
    row = transaction.get(key)
    if row is None or row["epoch"] != epoch or row["next_offset"] != first:
        return "UPDATE 0"
    if _topic_stop(transaction, key):
        return "UPDATE 0"
    new = {"next_offset": following, "last_digest": digest, "records": row["records"] + records}
    await transaction.put(key, row | new)
    return "UPDATE 1"


async def count(
    transaction: Transaction, consumer: str, topic: str, partition: int, *values: int
) -> str:
    epoch, duplicates, quarantined = values
    key = ("progress", consumer, topic, partition)
    await transaction.lock(key)
    row = transaction.get(key)
    if row is None or row["epoch"] != epoch:
        return "UPDATE 0"
    row = row | {
        "duplicates": row["duplicates"] + duplicates,
        "quarantined": row["quarantined"] + quarantined,
    }
    await transaction.put(key, row)
    return "UPDATE 1"


async def current_row(transaction: Transaction, consumer: str, topic: str, partition: int) -> Any:
    key = ("progress", consumer, topic, partition)
    row = transaction.get(key)
    if row is None:
        return []
    columns = {n: row[n] for n in ("epoch", "next_offset", "owner")}
    return [columns | {"topic_stop": _topic_stop(transaction, key)}]


def _topic_stop(transaction: Transaction, progress_key: Key) -> str | None:
    _, consumer, topic, partition = progress_key
    rows = {**transaction.server.rows, **transaction.writes}
    return min(
        (
            f"partition {key[3]} is stopped: {row[1]}"
            for key, row in rows.items()
            if key[:3] == ("stop", consumer, topic) and key[3] != partition
            if row is not GONE and row[2]
        ),
        default=None,
    )


async def record_stop(
    transaction: Transaction, consumer: str, topic: str, partition: int, *values: Any
) -> str:
    epoch, reason, _, stops_topic = values
    row = transaction.get(("progress", consumer, topic, partition))
    if row is None or row["epoch"] != epoch:
        return "INSERT 0 0"
    await transaction.put(("stop", consumer, topic, partition), (epoch, reason, stops_topic))
    return "INSERT 0 1"


async def lift_stop(
    transaction: Transaction, consumer: str, topic: str, partition: int, epoch: int
) -> str:
    key = ("stop", consumer, topic, partition)
    row = transaction.get(key)
    if row is None or row[0] >= epoch:
        return "DELETE 0"
    await transaction.put(key, None)
    return "DELETE 1"


async def accepted_replay(
    _transaction: Transaction, _consumer: str, _topic: str, _partition: int
) -> Any:
    # No operator works in the simulated world.
    return [{"coalesce": 0}]


async def lock_row(transaction: Transaction, consumer: str, topic: str, partition: int) -> Any:
    key = ("progress", consumer, topic, partition)
    await transaction.lock(key)
    row = transaction.get(key)
    return [] if row is None else [{"epoch": row["epoch"]}]


async def append(transaction: Transaction, partition: int, *columns: list[Any]) -> str:
    key = ("outbox_sequence", partition)
    await transaction.lock(key)
    last = transaction.get(key) or 0
    rows = list(zip(*columns, strict=True))
    for number, row in enumerate(rows, start=1):
        topic, to_partition, message_key, value, headers = row
        await transaction.put(
            ("outbox", partition, last + number),
            {
                "seq": last + number,
                "topic": topic,
                "to_partition": to_partition,
                "key": message_key,
                "value": value,
                "headers": headers,
            },
        )
    await transaction.put(key, last + len(rows))
    return f"INSERT 0 {len(rows)}"


def _outbox_keys(transaction: Transaction, partition: int) -> list[Key]:
    sources = (transaction.server.rows, transaction.writes)
    return sorted(
        {key for source in sources for key in source if key[0] == "outbox" and key[1] == partition}
    )


async def read(transaction: Transaction, partition: int, most: int) -> Any:
    rows = map(transaction.get, _outbox_keys(transaction, partition))
    return [row for row in rows if row is not None][:most]


async def mark(transaction: Transaction, partition: int, seq: int, *values: Any) -> str:
    consumer, topic, epoch = values
    # The server's SELECT sees what was committed when the statement began.
    row = transaction.get(("progress", consumer, topic, partition))
    if row is None or row["epoch"] != epoch:
        return "INSERT 0 0"
    key = ("outbox_progress", partition)
    await transaction.lock(key)
    await transaction.put(key, max(seq, transaction.get(key) or 0))
    return "INSERT 0 1"


async def delete(transaction: Transaction, partition: int, seq: int) -> str:
    deleted = 0
    for key in _outbox_keys(transaction, partition):
        if key[2] > seq:
            break
        await transaction.lock(key)
        if transaction.get(key) is not None:
            await transaction.put(key, None)
            deleted += 1
    return f"DELETE {deleted}"


async def lock_shared(transaction: Transaction) -> Any:
    key = ("advisory", "outbox")
    is_free = transaction.server.holders.get(key, transaction) is transaction
    if is_free:
        await transaction.lock(key)
    return [{"pg_try_advisory_xact_lock": is_free}]


async def insert_quarantined(transaction: Transaction, *columns: list[Any]) -> str:
    inserted = 0
    for topic, partition, offset, key, value, *_ in zip(*columns, strict=True):
        row_key = ("quarantine", topic, partition, offset)
        await transaction.lock(row_key)
        if transaction.get(row_key) is None:
            await transaction.put(row_key, (key, value))
            inserted += 1
    return f"INSERT 0 {inserted}"


async def ledger(transaction: Transaction, partition: int, ids: list[str]) -> Any:
    new = []
    for event_id in ids:
        key = ("ledger", event_id)
        await transaction.lock(key)
        if transaction.get(key) is None:
            await transaction.put(key, partition)
            new.append({"id": event_id})
    return new


async def load(transaction: Transaction, keys: list[str]) -> Any:
    return [{"key": key, "state": transaction.get(("state", key)) or ()} for key in keys]


async def store(transaction: Transaction, states: dict[str, tuple[str, ...]]) -> str:
    for key, state in sorted(states.items()):
        await transaction.put(("state", key), state)
    return f"INSERT 0 {len(states)}"


STATEMENTS: dict[str, Statement] = {
    LEDGER: ledger,
    LOAD: load,
    STORE: store,
    **{
        text.format(
            schema=SCHEMA, topic_stops=incidents.TOPIC_STOPS.format(schema=SCHEMA)
        ): function
        for text, function in (
            (progress.CLAIM, claim),
            (progress.ADVANCE, advance),
            (progress.COUNT, count),
            (progress.CURRENT_ROW, current_row),
            (progress.LOCK_ROW, lock_row),
            (incidents.RECORD_STOP, record_stop),
            (incidents.LIFT_STOP, lift_stop),
            (incidents.ACCEPTED_REPLAY, accepted_replay),
            (outbox.APPEND, append),
            (relay.READ, read),
            (relay.MARK, mark),
            (relay.DELETE, delete),
            (relay.LOCK_SHARED, lock_shared),
            (quarantine.INSERT, insert_quarantined),
        )
    },
}
