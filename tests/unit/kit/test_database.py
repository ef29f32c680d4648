"""How an outage of the database appears to callers, and how a pool is closed."""

import asyncio

import asyncpg
import pytest

from services.kit import database
from services.kit.database import DatabaseUnavailable, close_pool, translate_outages


@pytest.mark.parametrize(
    "raised",
    [
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.DiskFullError("no space left on device"),
        ConnectionResetError("reset by peer"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_outage_is_translated_with_its_cause(raised: Exception) -> None:
    with pytest.raises(DatabaseUnavailable) as raised_error, translate_outages():
        raise raised
    assert raised_error.value.__cause__ is raised


def test_a_defect_in_a_statement_is_no_outage() -> None:
    with pytest.raises(asyncpg.UndefinedTableError), translate_outages():
        raise asyncpg.UndefinedTableError('relation "alert" does not exist')


class HangingPool:
    """A pool with a connection that never comes back."""

    was_cut = False

    async def close(self) -> None:
        await asyncio.Event().wait()

    def terminate(self) -> None:
        self.was_cut = True


async def test_a_pool_that_hangs_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CLOSE_TIMEOUT_SECONDS", 0.01)
    pool = HangingPool()
    await close_pool(pool)  # type: ignore[arg-type]  # only what closing needs of a pool
    assert pool.was_cut
