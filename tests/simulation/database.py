"""PostgreSQL as far as the kit uses it: row locks, READ COMMITTED, commits of unknown outcome.

The kit's own classes (`PostgresProgress`, `Outbox`, `OutboxRelay`, `Quarantine`) run on it
unchanged; each of their statements is known by its text and has a function in
`statements.py`. A commit may succeed although its client sees an error, even some time
later; a cut connection's locks stay until the server notices.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

from services.kit.database import DatabaseUnavailable, Result, Work
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import PROCESS, Process, pause

Key = tuple[Any, ...]
Statement = Callable[..., Awaitable[Any]]

IDLE_SECONDS = 8.0
LOCK_SECONDS = 15.0
GONE = object()


class Server:
    """The rows that are committed, the locks, and what watches over them."""

    def __init__(self, fault_rates: FaultRates) -> None:
        self.fault_rates = fault_rates
        self.rows: dict[Key, Any] = {}
        self.open: dict[Transaction, None] = {}
        self.waiting: dict[Key, deque[asyncio.Future[None]]] = {}
        self.holders: dict[Key, Transaction] = {}
        self.on_commit: list[Callable[[Transaction], None]] = []
        self.commits = 0
        self._is_watching = False

    def shut_down(self) -> None:
        """Ends at once, as `pg_ctl stop -m immediate` does; nothing committed is lost."""
        self.fault_rates.database_is_down = True
        self.cut_all()

    def cut_all(self) -> None:
        """Cuts every connection."""
        for transaction in list(self.open):
            transaction.roll_back()

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ends transactions that were idle for too long; one timer serves all."""
        if not self._is_watching:
            self._is_watching = True
            loop.call_later(IDLE_SECONDS, self._end_idle, loop, context=Context())

    def _end_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for transaction in list(self.open):
            if now - transaction.touched_at >= IDLE_SECONDS - 0.001:
                transaction.roll_back()
        self._is_watching = bool(self.open)
        if self.open:
            oldest = min(transaction.touched_at for transaction in self.open)
            loop.call_at(oldest + IDLE_SECONDS, self._end_idle, loop, context=Context())

    def table(self, name: str) -> dict[Key, Any]:
        """Returns the committed rows of a table."""
        return {key[1:]: row for key, row in self.rows.items() if key[0] == name}


class Transaction:
    """One open transaction; its writes are invisible to others until `commit`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.writes: dict[Key, Any] = {}
        self.is_open = True
        self._locks: list[Key] = []
        self._loop = asyncio.get_running_loop()
        self.touched_at = self._loop.time()
        server.open[self] = None
        server.watch(self._loop)

    def get(self, key: Key) -> Any:
        """Returns the row that a statement of this transaction sees, or None."""
        if key in self.writes:
            row = self.writes[key]
            return None if row is GONE else row
        return self.server.rows.get(key)

    async def lock(self, key: Key) -> None:
        """Locks a row until the end of the transaction, after waiting for its owner."""
        holders = self.server.holders
        while holders.get(key, self) is not self:
            waiter: asyncio.Future[None] = self._loop.create_future()
            self.server.waiting.setdefault(key, deque()).append(waiter)
            try:
                async with asyncio.timeout(LOCK_SECONDS):
                    await waiter
            except TimeoutError:
                raise DatabaseUnavailable("lock timeout") from None
            finally:
                self.touched_at = self._loop.time()
            self.check()
        if key not in holders:
            holders[key] = self
            self._locks.append(key)

    async def put(self, key: Key, row: Any) -> None:
        """Writes a row under its lock; None deletes it."""
        await self.lock(key)
        self.writes[key] = GONE if row is None else row

    def check(self) -> None:
        """Raises if the server has ended the transaction."""
        if not self.is_open:
            raise DatabaseUnavailable("the server ended the transaction")

    def commit(self) -> None:
        """Makes all writes visible at once."""
        if not self.is_open:
            return
        for key, row in self.writes.items():
            if row is GONE:
                self.server.rows.pop(key, None)
            else:
                self.server.rows[key] = row
        self.server.commits += 1
        self._end()
        for watcher in self.server.on_commit:
            watcher(self)

    def roll_back(self) -> None:
        """Discards all writes."""
        if self.is_open:
            self._end()

    def _end(self) -> None:
        self.is_open = False
        self.server.open.pop(self, None)
        for key in self._locks:
            del self.server.holders[key]
            for waiter in self.server.waiting.pop(key, ()):
                if not waiter.done():
                    waiter.set_result(None)


class SimulatedConnection:
    """The statements of a transaction."""

    def __init__(self, transaction: Transaction, statements: dict[str, Statement]) -> None:
        self.transaction = transaction
        self._statements = statements

    async def execute(self, query: str, *args: Any) -> str:
        status = await self._run(query, args)
        return str(status)

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        return list(await self._run(query, args))

    async def fetchrow(self, query: str, *args: Any) -> Any:
        rows = await self._run(query, args)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *args: Any) -> Any:
        row = await self.fetchrow(query, *args)
        return None if row is None else next(iter(row.values()))

    async def _run(self, query: str, args: tuple[Any, ...]) -> Any:
        transaction, fault_rates = self.transaction, self.transaction.server.fault_rates
        _check_process()
        await pause(fault_rates.delay())
        _check_process()
        if fault_rates.database_is_down or fault_rates.happens(fault_rates.statement_fails):
            _cut(transaction)
            raise DatabaseUnavailable("the connection is cut")
        transaction.check()
        transaction.touched_at = asyncio.get_running_loop().time()
        return await self._statements[query](transaction, *args)


class SimulatedDatabase:
    """The database as one process reaches it."""

    def __init__(self, server: Server, statements: dict[str, Statement]) -> None:
        self._server = server
        self._statements = statements

    async def in_transaction(self, work: Work[Result]) -> Result:
        fault_rates = self._server.fault_rates
        _check_process()
        await pause(fault_rates.delay())
        if fault_rates.database_is_down:
            raise DatabaseUnavailable("connection refused")
        transaction = Transaction(self._server)
        try:
            result = await work(SimulatedConnection(transaction, self._statements))
            await self._commit(transaction)
        except BaseException:
            if transaction.is_open and not getattr(transaction, "is_orphan", False):
                transaction.roll_back()
            raise
        return result

    async def _commit(self, transaction: Transaction) -> None:
        fault_rates = self._server.fault_rates
        _check_process()
        transaction.touched_at = asyncio.get_running_loop().time()
        await pause(fault_rates.delay())
        _check_process()
        transaction.check()
        if not fault_rates.happens(fault_rates.commit_fails):
            transaction.commit()
            await pause(fault_rates.delay())
            return
        fate = fault_rates.random.choice(("never", "done", "later"))
        if fate == "never":
            _cut(transaction)
        elif fate == "done":
            transaction.commit()
        else:
            _orphan(transaction, transaction.commit)
        raise DatabaseUnavailable(f"the answer to the commit got lost ({fate})")


def _cut(transaction: Transaction) -> None:
    if transaction.server.fault_rates.random.random() < 0.5:
        transaction.roll_back()
    else:
        _orphan(transaction, transaction.roll_back)


def _orphan(transaction: Transaction, end: Callable[[], None]) -> None:
    """Lets the server end a transaction a little later."""
    transaction.is_orphan = True  # type: ignore[attr-defined]
    delay = transaction.server.fault_rates.random.random() * 3
    asyncio.get_running_loop().call_later(delay, end)


def _check_process() -> None:
    process: Process | None = PROCESS.get()
    if process is not None:
        process.check()
