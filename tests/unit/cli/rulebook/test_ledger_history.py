"""The ledger as a history: each partition in its own order, days closed after what came before."""

import json
from collections.abc import AsyncIterator
from typing import Any

from services.cli.rulebook.ledger_history import merged


def event(number: str, time: str) -> dict[str, Any]:
    return {
        "event": json.dumps(
            {"source": "core", "id": number, "time": f"2024-01-{time}:00:00Z"}, indent=1
        ).encode()
    }


class Ledger:
    """Two partitions; on the first a payment came late, and somebody was told something."""

    ROWS = (
        [
            event("a-1", "02T09"),
            event("close-2", "03T00"),
            event("told:B-1:1", "03T01"),
            event("a-late", "02T08"),
            event("a-2", "03T10"),
        ],
        [event("b-1", "02T12"), event("close-2", "03T00"), event("b-2", "03T09")],
    )

    WRONG = event("close-2199", "31T00")
    WITHDRAWAL = json.dumps(
        {
            "source": "tocsin",
            "id": "withdrawal",
            "time": "2024-01-03T02:00:00Z",
            "data": {
                "closed_date": "2199-12-31",
                "closed_source": "core",
                "closed_id": "close-2199",
                "proposed_by": "ana",
                "approved_by": "ben",
            },
        }
    ).encode()

    async def ledger(self, partition: int) -> AsyncIterator[Any]:
        # On both, a close of a wrong date comes first, and it is withdrawn in the end.
        for row in (self.WRONG, *self.ROWS[partition], {"event": self.WITHDRAWAL}):
            yield row

    async def withdrawals(self, partition: int) -> list[tuple[int, bytes]]:
        return [(9, self.WITHDRAWAL)]


async def test_partitions_are_merged_by_time_and_keep_their_order() -> None:
    lines = [line async for line in merged(Ledger(), [0, 1])]  # type: ignore[arg-type]  # one method
    assert all(b"\n" not in line for line in lines)
    # What came late stands where it came: after the close, before the events of the third.
    assert [json.loads(line)["id"] for line in lines] == [
        "a-1",
        "b-1",
        "close-2",
        "close-2",
        "a-late",
        "b-2",
        "a-2",
    ]


async def test_an_empty_partition_is_passed_over() -> None:
    class Empty(Ledger):
        ROWS = ([], [event("b-1", "02T12")])

    lines = [line async for line in merged(Empty(), [0, 1])]  # type: ignore[arg-type]  # one method
    assert [json.loads(line)["id"] for line in lines] == ["b-1"]
