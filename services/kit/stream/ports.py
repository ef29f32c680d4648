"""What the partitions of one consumer share: the outside world behind ports, and the limits.

The deterministic simulation builds the same `Ports` from its own broker, database and clock.
"""

from dataclasses import dataclass

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.metrics import Recorder
from services.kit.stream.handler import Handler
from services.kit.stream.progress import Progress
from services.kit.stream.topic_reader import TopicReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many records are buffered and how long each wait may take.

    Attributes:
        min_seconds_between: The shortest time from one batch's beginning to the next of the same
            partition, unless a full batch is ready; `max_seconds_between` is the longest.
        release_seconds: How long a revoke waits for the running transaction.
        no_progress_seconds: How long a partition with work may not move.
        check_seconds: How often the watchdog checks every partition.
    """

    max_records: int = 2_000
    max_waiting_records: int = 8_000
    batch_seconds: float = 0.5
    min_seconds_between: float = 0.05
    max_seconds_between: float = 0.2
    poll_seconds: float = 0.5
    retry_seconds: float = 0.2
    max_retry_seconds: float = 5.0
    release_seconds: float = 20.0
    no_progress_seconds: float = 60.0
    check_seconds: float = 5.0
    max_poison_in_a_row: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What every partition of a consumer shares."""

    reader: TopicReader
    database: Database
    progress: Progress
    handler: Handler
    recorder: Recorder
    clock: Clock
    limits: Limits
