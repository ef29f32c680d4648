"""Ends a process in which a partition has work and does not move.

Consumers that stay alive and never consume again are reported often (aio-libs/aiokafka#1154 among
them), and no probe of threads or sockets shows it. Progress does: an assigned partition with lag
that commits nothing for a while is stuck, and only a new process helps.

The watchdog also makes every partition refresh its row, so that `tocsin offsets` takes effect
without a restart, and finds a topic that became shorter.
"""

from collections.abc import Callable, Iterable

from services.kit import catalogue
from services.kit.clock import Clock
from services.kit.metrics import Recorder
from services.kit.stream.partition import Partition, State
from services.kit.stream.resume import truncated
from services.kit.stream.stop_reasons import NoProgress
from services.kit.stream.topic_reader import BrokerUnavailable, TopicReader

# A new process does not repair a database that is down, but it does repair a stuck pool.
DATABASE_PATIENCE_FACTOR = 5


class Watchdog:
    """Checks every partition of one consumer at an interval."""

    def __init__(
        self,
        *,
        reader: TopicReader,
        clock: Clock,
        recorder: Recorder,
        no_progress_seconds: float,
        check_seconds: float,
        partitions: Callable[[], Iterable[Partition]],
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._recorder = recorder
        self._no_progress_seconds = no_progress_seconds
        self._check_seconds = check_seconds
        self._partitions = partitions
        self._suspected_short: set[int] = set()
        self._has_lag_since: dict[int, float] = {}

    async def run(self) -> None:
        """Checks all partitions at the interval, until it is cancelled.

        Raises:
            NoProgress: If a partition has work and did not move for too long.
        """
        while True:
            await self._clock.sleep(self._check_seconds)
            for partition in list(self._partitions()):
                await self.check(partition)

    async def check(self, partition: Partition) -> None:
        """Measures the lag of one partition.

        Raises:
            NoProgress: If it has work and did not move for too long.
        """
        await partition.refresh()
        # Read before the end, which only grows: an end below it cannot be a race.
        next_offset = partition.next_offset
        try:
            _, end = await self._reader.bounds(partition.number)
        except BrokerUnavailable:
            return
        self._stop_if_short(partition, next_offset=next_offset, end=end)
        lag = max(0, end - partition.next_offset)
        self._recorder.set(
            catalogue.LAG_RECORDS,
            lag,
            topic=self._reader.topic,
            partition=str(partition.number),
        )
        if not self._has_work(partition, lag):
            self._has_lag_since.pop(partition.number, None)
            return
        patience = self._no_progress_seconds
        if partition.is_waiting_for_database:
            patience *= DATABASE_PATIENCE_FACTOR
        now = self._clock.monotonic_seconds()
        # Only time in which work was seen counts: a check may itself have waited for the broker.
        has_lag_since = self._has_lag_since.setdefault(partition.number, now)
        if now - max(partition.progressed_at, has_lag_since) > patience:
            raise NoProgress(
                f"partition {partition.number} of {self._reader.topic} is {partition.state}, has "
                f"a lag of {lag} records and has not moved for {patience:g} s"
            )

    @staticmethod
    def _has_work(partition: Partition, lag: int) -> bool:
        if partition.state is State.FENCED:
            # Assigned here and owned elsewhere: no process relays what its outbox contains.
            return True
        return lag > 0 and partition.state in (State.CLAIMING, State.RUNNING)

    def _stop_if_short(self, partition: Partition, *, next_offset: int, end: int) -> None:
        """Stops a partition whose topic ends before what was applied: truncated or recreated.

        Only the second such check counts: the end of a new leader may lag behind for a moment.
        """
        if partition.state is not State.RUNNING or end >= next_offset:
            self._suspected_short.discard(partition.number)
        elif partition.number not in self._suspected_short:
            self._suspected_short.add(partition.number)
        else:
            self._suspected_short.discard(partition.number)
            partition.stop(truncated(next_offset=next_offset, end=end))
