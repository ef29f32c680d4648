"""The probes /livez, /readyz and /startupz.

Readiness checks what the service needs now (database, broker, partitions, migrations), each check
with its own timeout. Liveness calls nothing outside of the process: a broker that is down must not
restart every pod. It fails only when the process itself is stuck: its event loop does not answer,
or a check reports work that does not move.

Answers contain the names of the checks and the class of an error, never its text: probes answer
without a key.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog

from services.kit.clock import Clock

log = structlog.get_logger(__name__)

ReadinessCheck = Callable[[], Awaitable[None]]
LivenessCheck = Callable[[], str | None]
Note = Callable[[], str | None]

# A check that hangs has failed; Kubernetes probes every 5 to 10 seconds.
CHECK_TIMEOUT_SECONDS = 2.0
# Probes answer every caller, so their cost is bounded: one round of checks in this time.
CACHE_SECONDS = 0.5


class NotReady(Exception):
    """Raised by a readiness check whose text may be shown."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a probe."""

    ok: bool
    checks: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Returns the JSON of the answer; notes are for people and change no status."""
        body: dict[str, object] = {
            "status": "ok" if self.ok else "failing",
            "checks": self.checks,
        }
        return {**body, "notes": self.notes} if self.notes else body


class Health:
    """The checks of a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._readiness: dict[str, tuple[ReadinessCheck, float]] = {}
        self._liveness: dict[str, LivenessCheck] = {}
        self._notes: dict[str, Note] = {}
        self._started = False
        self._draining = False
        self._lock = asyncio.Lock()
        self._cached: tuple[float, Verdict] | None = None

    def add_readiness_check(
        self, name: str, check: ReadinessCheck, *, timeout_seconds: float = CHECK_TIMEOUT_SECONDS
    ) -> None:
        """Adds a check to readiness; it raises when the process is not ready."""
        self._readiness[name] = (check, timeout_seconds)

    def add_liveness_check(self, name: str, check: LivenessCheck) -> None:
        """Adds a check to liveness; it returns why the process is stuck, or None."""
        self._liveness[name] = check

    def add_note(self, name: str, note: Note) -> None:
        """Adds a note that readiness shows without failing: a partition is stopped, for example."""
        self._notes[name] = note

    def started(self) -> None:
        """Records that start-up has finished."""
        self._started = True
        self._cached = None

    def draining(self) -> None:
        """Records that the process ends: not ready from now on."""
        self._draining = True
        self._cached = None

    @property
    def is_draining(self) -> bool:
        """Returns whether the process ends; long responses end themselves then."""
        return self._draining

    def live(self) -> Verdict:
        """Returns whether this process works; any answer shows that the event loop does."""
        checks = {"event_loop": "ok"}
        for name, check in self._liveness.items():
            checks[name] = check() or "ok"
        return _verdict(checks)

    def startup(self) -> Verdict:
        """Returns whether start-up has finished."""
        return _verdict({"started": "ok" if self._started else "starting"})

    async def ready(self) -> Verdict:
        """Returns whether this process can take requests and partitions now."""
        if self._draining:
            return _verdict({"draining": "the process is going away"})
        if not self._started:
            return _verdict({"started": "starting"})
        async with self._lock:
            now = self._clock.monotonic_seconds()
            if self._cached and now - self._cached[0] < CACHE_SECONDS:
                return self._cached[1]
            names = list(self._readiness)
            results = await asyncio.gather(*(self._result_of(name) for name in names))
            notes = {name: text for name, note in self._notes.items() if (text := note())}
            verdict = replace(_verdict(dict(zip(names, results, strict=True))), notes=notes)
            self._cached = (now, verdict)
            return verdict

    async def _result_of(self, name: str) -> str:
        check, timeout_seconds = self._readiness[name]
        try:
            async with asyncio.timeout(timeout_seconds):
                await check()
        except NotReady as missing:
            return str(missing)
        except TimeoutError:
            return f"no answer within {timeout_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - a check may fail in any way; that is the answer
            log.warning("health.readiness_check_failed", check=name, error=repr(error))
            return type(error).__name__
        return "ok"


def _verdict(checks: dict[str, str]) -> Verdict:
    return Verdict(ok=all(result == "ok" for result in checks.values()), checks=checks)
