"""Ends a process whose partition has work and does not move.

Reports of consumers that stay alive and never consume again are many (aio-libs/aiokafka#1154
among them); no probe of threads or sockets shows it. Progress does: an assigned partition
with lag that commits nothing for a while is stuck, whatever the reason, and only a new
process helps.

It also lets every partition look at its row again, so that what an operator decided with
`tocsin offsets` takes effect without a restart, and notices a log that became shorter.
"""

from collections.abc import Callable, Iterable

import structlog

from services.kit import catalogue
from services.kit.clock import Clock
from services.kit.metrics import Recorder
from services.kit.stream.partition import Partition, State
from services.kit.stream.resume import truncated
from services.kit.stream.stop_reasons import NoProgress
from services.kit.stream.topic_reader import BrokerUnavailable, Log

log = structlog.get_logger(__name__)

# A database that is away is not cured by a new process; a pool that is wedged is.
PATIENCE_WITH_DATABASE = 5


class Watchdog:
    """Looks at every partition of one consumer from time to time."""

    def __init__(
        self,
        *,
        broker: Log,
        clock: Clock,
        recorder: Recorder,
        no_progress_seconds: float,
        look_seconds: float,
        partitions: Callable[[], Iterable[Partition]],
    ) -> None:
        self._log = broker
        self._clock = clock
        self._recorder = recorder
        self._patience_seconds = no_progress_seconds
        self._look_seconds = look_seconds
        self._partitions = partitions
        self._short: set[int] = set()
        self._behind_since: dict[int, float] = {}

    async def run(self) -> None:
        """Look again and again.

        Raises:
            NoProgress: If a partition has work and did not move for too long.
        """
        while True:
            await self._clock.sleep(self._look_seconds)
            for partition in list(self._partitions()):
                await self.look(partition)

    async def look(self, partition: Partition) -> None:
        """Measure the lag of one partition and judge it.

        Raises:
            NoProgress: If it has work and did not move for too long.
        """
        await partition.look_again()
        # Asked for before the end, which only grows: an end before it is no race.
        position = partition.next_offset
        try:
            _, end = await self._log.bounds(partition.number)
        except BrokerUnavailable:
            return
        self._compare(partition, position=position, end=end)
        lag = max(0, end - partition.next_offset)
        self._recorder.set(
            catalogue.LAG_RECORDS,
            lag,
            topic=self._log.topic,
            partition=str(partition.number),
        )
        if not self._has_work(partition, lag):
            self._behind_since.pop(partition.number, None)
            return
        patience = self._patience_seconds
        if partition.waiting_for_database:
            patience *= PATIENCE_WITH_DATABASE
        now = self._clock.monotonic_seconds()
        # Only time in which work was seen counts: a look may itself have waited for the broker.
        behind_since = self._behind_since.setdefault(partition.number, now)
        if now - max(partition.progressed_at, behind_since) > patience:
            raise NoProgress(
                f"partition {partition.number} of {self._log.topic} is {partition.state}, has "
                f"{lag} records to do and did nothing for {patience:g} s"
            )

    @staticmethod
    def _has_work(partition: Partition, lag: int) -> bool:
        if partition.state is State.FENCED:
            # Assigned here and owned elsewhere: nobody sends what its outbox still holds.
            return True
        return lag > 0 and partition.state in (State.CLAIMING, State.RUNNING)

    def _compare(self, partition: Partition, *, position: int, end: int) -> None:
        """Stop a partition whose log ends before what was applied: truncated or made anew.

        Seen twice before it is believed: a new leader's end may lag behind for a moment.
        """
        if partition.state is not State.RUNNING or end >= position:
            self._short.discard(partition.number)
        elif partition.number not in self._short:
            self._short.add(partition.number)
        else:
            self._short.discard(partition.number)
            partition.stop(truncated(position=position, end=end))
