"""What the partitions of one consumer share: the outside world behind ports, and the limits.

The deterministic simulation builds the same `Ports` from its own broker, database and clock.
"""

from dataclasses import dataclass

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.metrics import Recorder
from services.kit.stream.handler import Handler
from services.kit.stream.progress import Progress
from services.kit.stream.topic_reader import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is held and how long is waited; the defaults suit the bench machine."""

    most_records: int = 2_000
    most_waiting_records: int = 8_000
    batch_seconds: float = 0.5
    # Between the beginnings of two batches of a partition, unless a full one waits.
    least_seconds_between: float = 0.05
    most_seconds_between: float = 0.2
    poll_seconds: float = 0.5
    retry_seconds: float = 0.2
    most_retry_seconds: float = 5.0
    release_seconds: float = 20.0
    stop_seconds: float = 10.0
    no_progress_seconds: float = 60.0
    look_seconds: float = 5.0
    poison_in_a_row: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What every partition of a consumer shares."""

    log: Log
    database: Database
    progress: Progress
    handler: Handler
    recorder: Recorder
    clock: Clock
    limits: Limits
