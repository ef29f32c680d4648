"""Probes that tell the truth: /livez, /readyz and /startupz.

Readiness asks what the service needs right now (database, broker, partitions, migrations),
each probe with its own bounded wait. Liveness asks nobody outside: a broker that is away
must not restart every pod. It fails only when this process itself is stuck: its event loop
does not answer, or a watchdog says that work is there and nothing moves.

Answers carry the names of the checks and the class of what failed, never its text: probes
answer without a key.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog

from services.kit.clock import Clock

log = structlog.get_logger(__name__)

Probe = Callable[[], Awaitable[None]]
Stuck = Callable[[], str | None]
Note = Callable[[], str | None]

# A probe that hangs is a failure; Kubernetes asks every 5 to 10 seconds.
PROBE_TIMEOUT_SECONDS = 2.0
# Probes answer anybody, so their cost is bounded: one round of checks in this time.
REMEMBERED_SECONDS = 0.5


class NotReady(Exception):
    """Raised by a probe that finds what it asked for missing; the text is shown."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe endpoint answers."""

    ok: bool
    checks: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Return the JSON that says it; notes are for people and change no status."""
        said: dict[str, object] = {
            "status": "ok" if self.ok else "failing",
            "checks": self.checks,
        }
        return {**said, "notes": self.notes} if self.notes else said


class Health:
    """What a process knows about itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._readiness: dict[str, tuple[Probe, float]] = {}
        self._watchdogs: dict[str, Stuck] = {}
        self._notes: dict[str, Note] = {}
        self._started = False
        self._draining = False
        self._lock = asyncio.Lock()
        self._remembered: tuple[float, Verdict] | None = None

    def needs(
        self, name: str, probe: Probe, *, timeout_seconds: float = PROBE_TIMEOUT_SECONDS
    ) -> None:
        """Register what readiness asks; the probe returns when all is well and raises if not."""
        self._readiness[name] = (probe, timeout_seconds)

    def watch(self, name: str, stuck: Stuck) -> None:
        """Register a watchdog: it returns why nothing moves, or None."""
        self._watchdogs[name] = stuck

    def notes(self, name: str, note: Note) -> None:
        """Register what readiness tells without failing: part of the work stands still."""
        self._notes[name] = note

    def started(self) -> None:
        """Say that start-up is over."""
        self._started = True
        self._remembered = None

    def draining(self) -> None:
        """Say that the process is going away: not ready from now on."""
        self._draining = True
        self._remembered = None

    @property
    def is_draining(self) -> bool:
        """Whether the process is going away; long answers end themselves then."""
        return self._draining

    def live(self) -> Verdict:
        """Return whether this process works; that it answers at all shows the loop turns."""
        checks = {"event_loop": "ok"}
        for name, stuck in self._watchdogs.items():
            checks[name] = stuck() or "ok"
        return _verdict(checks)

    def startup(self) -> Verdict:
        """Return whether start-up is over."""
        return _verdict({"started": "ok" if self._started else "starting"})

    async def ready(self) -> Verdict:
        """Return whether work can be given to this process now."""
        if self._draining:
            return _verdict({"draining": "the process is going away"})
        if not self._started:
            return _verdict({"started": "starting"})
        async with self._lock:
            now = self._clock.monotonic_seconds()
            if self._remembered and now - self._remembered[0] < REMEMBERED_SECONDS:
                return self._remembered[1]
            names = list(self._readiness)
            results = await asyncio.gather(*(self._ask(name) for name in names))
            said = {name: text for name, note in self._notes.items() if (text := note())}
            verdict = replace(_verdict(dict(zip(names, results, strict=True))), notes=said)
            self._remembered = (now, verdict)
            return verdict

    async def _ask(self, name: str) -> str:
        probe, timeout_seconds = self._readiness[name]
        try:
            async with asyncio.timeout(timeout_seconds):
                await probe()
        except NotReady as missing:
            return str(missing)
        except TimeoutError:
            return f"no answer within {timeout_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - a probe may fail in any way; that is the answer
            log.warning("readiness probe failed", check=name, error=repr(error))
            return type(error).__name__
        return "ok"


def _verdict(checks: dict[str, str]) -> Verdict:
    return Verdict(ok=all(result == "ok" for result in checks.values()), checks=checks)
