"""Borrowers are written in the order of their ids, so two transactions cannot deadlock."""

from typing import Any

from services.scoring.adapters.state_store import PostgresStates
from services.scoring.application.ports import CachedBorrower, SavedBorrower
from services.scoring.domain.fold import new_borrower


class Remembering:
    """A connection that records its statements."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    async def execute(self, query: str, *args: Any) -> str:
        self.calls.append(args)
        return f"INSERT 0 {len(args[1])}"


async def test_rows_are_written_in_the_order_of_their_ids() -> None:
    connection = Remembering()
    saved = [
        SavedBorrower(CachedBorrower(new_borrower(name), 0), b"") for name in ("b-3", "b-1", "b-2")
    ]
    await PostgresStates().save(connection, 0, saved)  # type: ignore[arg-type]  # all that it uses
    assert connection.calls[0][1] == ["b-1", "b-2", "b-3"]
