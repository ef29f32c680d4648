"""One fenced transaction: the compare-and-set first, then the handler, then the commit.

Everything that a batch changes (position, digest, state, ledger, outbox, totals) is in it or is
not. The caller has the partition's lock and decides what to do with what is raised.
"""

from services.kit import catalogue
from services.kit.database import Connection
from services.kit.stream import faults
from services.kit.stream.handler import Tally
from services.kit.stream.poison import PoisonLimit
from services.kit.stream.ports import Ports
from services.kit.stream.progress import Claim
from services.kit.stream.records import Batch
from services.kit.stream.stop_reasons import AlreadyCommitted, Fenced


class FencedTransaction:
    """Runs the transactions of one partition under one claim."""

    def __init__(self, claim: Claim, *, ports: Ports) -> None:
        self._claim = claim
        self._ports = ports
        self._poison_limit = PoisonLimit(max_in_a_row=ports.limits.max_poison_in_a_row)

    async def run(self, batch: Batch, poison: Exception | None) -> None:
        """Applies the batch, or quarantines its only record for the error in `poison`.

        Raises:
            Fenced: If another process has claimed the partition.
            StopPartition: If going on would hide a loss, or quarantine too much.
            DatabaseUnavailable: If the database went away; the commit may have happened.
        """
        began = self._ports.clock.monotonic_seconds()
        attempts = 0

        async def work(connection: Connection) -> Tally:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                # The database runs the work again after a deadlock; the cache contains what the
                # first attempt computed and rolled back.
                self._ports.handler.rolled_back(batch.partition)
            return await self._apply(connection, batch, poison)

        try:
            tally = await self._ports.database.in_transaction(work)
        except AlreadyCommitted:
            # Durable since an earlier attempt, which the cache does not contain.
            self._ports.handler.rolled_back(batch.partition)
            return
        except Fenced:
            self._ports.recorder.add(catalogue.COMMITS, topic=batch.topic, result="fenced")
            raise
        faults.point("after-commit")
        self._ports.handler.committed(batch)
        self._poison_limit.committed(tally, records=len(batch.records))
        self._measure(batch, tally, self._ports.clock.monotonic_seconds() - began)

    async def background_step(self) -> None:
        """Does a piece of the handler's own work.

        Raises:
            Fenced: If another process has claimed the partition.
            DatabaseUnavailable: If the database went away; the commit may have happened.
        """
        partition = self._claim.partition
        attempts = 0

        async def work(connection: Connection) -> None:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                self._ports.handler.rolled_back(partition)
            # No position moves here, so only the row's lock prevents a new owner from claiming
            # between this step's reads and its commit.
            await self._ports.progress.lock_row(connection, self._claim)
            await self._ports.handler.background_step(partition, connection)

        await self._ports.database.in_transaction(work)

    async def _apply(self, connection: Connection, batch: Batch, poison: Exception | None) -> Tally:
        faults.point("before-fence")
        # First of all: a stale owner fails here, before it reads or writes anything of the handler.
        await self._ports.progress.advance(connection, self._claim, batch)
        faults.point("after-fence")
        if poison is None:
            tally = await self._ports.handler.apply(batch, connection)
        else:
            tally = await self._ports.handler.quarantine(batch, poison, connection)
        # Last of all: a batch that breaks the limit rolls back, quarantine rows included.
        self._poison_limit.check(tally, records=len(batch.records))
        if tally.duplicates or tally.quarantined:
            await self._ports.progress.count(connection, self._claim, tally)
        faults.point("before-commit")
        return tally

    def _measure(self, batch: Batch, tally: Tally, seconds: float) -> None:
        recorder, topic, size = self._ports.recorder, batch.topic, len(batch.records)
        recorder.add(catalogue.COMMITS, topic=topic, result="committed")
        recorder.observe(catalogue.BATCH_RECORDS, size)
        recorder.observe(catalogue.BATCH_SECONDS, seconds, topic=topic)
        results = {
            "applied": size - tally.duplicates - tally.quarantined,
            "duplicate": tally.duplicates,
            "quarantined": tally.quarantined,
        }
        for result, amount in results.items():
            if amount:
                recorder.add(catalogue.RECORDS, amount, topic=topic, result=result)
