"""Injects faults while events are offered, by a schedule that is drawn from the seed."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from services.kit.stream.faults import POINTS
from tests.chaos import database
from tests.chaos.feed import Feed
from tests.chaos.profiles import Profile
from tests.chaos.system import SESSION_SECONDS, Service, System

ZOMBIE_SECONDS = 2 * SESSION_SECONDS + 6.0
STOPS_WITHIN_SECONDS = 30.0
LONG_OUTAGE_SECONDS = 60.0
SHORT_OUTAGE_SECONDS = 3.0
ZOMBIE_TRIES = 4
# Nothing else happens then, so the stop may last as long as a slow machine needs.
IDLE_SECONDS_OF_THE_LAST = 60.0
FENCED = "consumer.partition_fenced"
# A worker that takes over claims its partitions one after the other, within this time.
CLAIMS_WITHIN_SECONDS = 1.0
LAST_ZOMBIE_SHARE = 0.85
OWNED = "SELECT count(*) FROM scoring.partition_progress WHERE owner = $1"
MEMBER_STAYS_SECONDS = 4.0
ONLY_ALERTS = ("between-send-and-record",)
ONLY_SCORING = ("mid-sweep", "mid-isolation", "mid-resume", "mid-withdrawal")


@dataclass(slots=True)
class FaultCounts:
    """The faults that were injected."""

    broker_crashes: int = 0
    database_crashes: int = 0
    zombies: int = 0
    rebalances: int = 0
    slow_databases: int = 0
    cut_connections: int = 0
    full_databases: int = 0
    points: list[str] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)


class FaultInjector:
    """Injects the faults of a profile at random moments of the run."""

    def __init__(self, system: System, profile: Profile, feed: Feed, *, seed: int) -> None:
        self.done = FaultCounts()
        self._system, self._feed = system, feed
        self._server = asyncio.Lock()
        self._spared: set[str] = set()
        self._one_zombie = asyncio.Lock()
        self._dice = Random(f"chaos-mischief:{seed}")
        self._plan = self._draw(profile)

    async def run(self) -> None:
        """Injects each fault when its share of the events has been offered; then returns."""
        async with asyncio.TaskGroup() as running:
            for share, act in self._plan:
                while self._feed.offered.share < share:  # noqa: ASYNC110 - it only grows
                    await asyncio.sleep(0.1)
                running.create_task(act())

    def _draw(self, profile: Profile) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        acts: list[Callable[[], Awaitable[None]]] = []
        acts += [self._kill_scoring] * profile.kills + [self._kill_other] * (profile.kills // 3)
        points = [POINTS[number % len(POINTS)] for number in range(profile.kills_at_points)]
        self._dice.shuffle(points)
        acts += [self._at_point(point) for point in points]
        acts += [self._crash_broker] * profile.broker_crashes
        acts += [self._crash_database] * profile.database_crashes
        acts += [self._cut_connections] * profile.cut_connections
        acts += [self._pause] * (profile.zombies // 2)
        acts += [self._rebalance] * profile.rebalances
        acts += [self._slow_database] * profile.slow_databases
        acts += [self._fill_database] * profile.full_databases
        acts += [self._lose_broker] * profile.lost_brokers
        self._dice.shuffle(acts)
        step = 0.9 / max(len(acts), 1)
        plan = [
            (0.05 + step * (number + self._dice.random()), act) for number, act in enumerate(acts)
        ]
        # Early, because each needs an event to stop at.
        sure = profile.zombies - profile.zombies // 2
        plan += [(self._dice.uniform(0.02, 0.4), self._pause_in_transaction) for _ in range(sure)]
        return sorted(plan, key=lambda item: item[0])

    async def _kill_scoring(self) -> None:
        # A process that is down or stopped does not count: wait for one that runs.
        while not self._pick("scoring").send(signal.SIGKILL):  # noqa: ASYNC110 - a process, not an event
            await asyncio.sleep(0.1)

    async def _kill_other(self) -> None:
        kind = self._dice.choice(("ingest", "alerts"))
        self._pick(kind).send(signal.SIGKILL)

    def _at_point(self, point: str) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            kinds = ("alerts",) if point in ONLY_ALERTS else ("scoring", "alerts")
            kind = "scoring" if point in ONLY_SCORING else self._dice.choice(kinds)
            service = self._pick(kind)
            service.fault_point = f"{point}:{self._dice.randrange(1, 8)}"
            self.done.points.append(f"{kind}:{point}")
            service.send(signal.SIGKILL)

        return act

    async def _pause(self) -> None:
        service = self._pick(self._dice.choice(("scoring", "alerts")))
        if not service.send(signal.SIGSTOP):
            return
        self.done.zombies += 1
        self._system.fault()
        await asyncio.sleep(ZOMBIE_SECONDS)
        service.send(signal.SIGCONT)

    async def _pause_in_transaction(self) -> None:
        """Stops a worker between BEGIN and the fence until another owns its partitions.

        Continued, it goes on with its transaction and must be fenced. Another fault may spoil an
        attempt (it kills the next owner); then there is another attempt.
        """
        for _ in range(ZOMBIE_TRIES):
            async with self._one_zombie:
                if self._feed.offered.share >= LAST_ZOMBIE_SHARE:
                    return  # Too few events are left for it to stop at.
                service = self._pick("scoring")
                self._spared.add(service.name)
                try:
                    if await self._was_fenced(service):
                        return
                finally:
                    self._spared.discard(service.name)

    async def _was_fenced(self, service: Service) -> bool:
        if not await self._stops(service):
            return False
        self.done.zombies += 1
        self._system.fault()
        has_moved = await self._partitions_move_from(service)
        service.send(signal.SIGCONT)
        return has_moved

    async def last_zombie(self) -> None:
        """Makes one more zombie without any other fault, so that one is fenced for certain."""
        repeating = asyncio.create_task(self._feed.repeat_last())
        try:
            for _ in range(ZOMBIE_TRIES):
                service = self._pick("scoring")
                service.idle_seconds = IDLE_SECONDS_OF_THE_LAST
                if await self._was_fenced(service) and await self._logs_fence(service):
                    return
        finally:
            repeating.cancel()

    async def _logs_fence(self, service: Service) -> bool:
        """Waits until the continued process logs that it was fenced."""
        for _ in range(50):
            if FENCED in service.log.read_text(errors="replace"):
                return True
            await asyncio.sleep(0.2)
        return False

    async def _stops(self, service: Service) -> bool:
        """Restarts the worker so that it stops itself inside a transaction."""
        service.fault_point = f"before-fence:{self._dice.randrange(2, 6)}:stop"
        service.send(signal.SIGKILL)
        try:
            async with asyncio.timeout(STOPS_WITHIN_SECONDS):
                while not service.is_stopped:  # noqa: ASYNC110 - a process, not an event
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return False
        return True

    async def _partitions_move_from(self, service: Service) -> bool:
        """Waits until another worker has claimed partitions of this one, its transaction open.

        Not all of them: a row that another of its transactions has locked cannot be claimed.
        """
        deadline = time.monotonic() + service.idle_seconds - 2.0
        owned = await database.execute(self._system.platform.dsn, OWNED, service.name)
        while time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            now = await database.execute(self._system.platform.dsn, OWNED, service.name)
            if isinstance(owned, int) and isinstance(now, int) and now < owned:
                await asyncio.sleep(CLAIMS_WITHIN_SECONDS)
                return True
            owned = now if owned is None else owned
        return False

    def _pick(self, kind: str) -> Service:
        """Returns a service of a kind, one that no other fault needs if possible."""
        all_of_kind = self._system.named(kind)
        return self._dice.choice(
            [each for each in all_of_kind if each.name not in self._spared] or all_of_kind
        )

    async def _crash_broker(self) -> None:
        self.done.broker_crashes += 1
        await self._outage(
            self._system.stack.kill_kafka, self._dice.uniform(0.0, SHORT_OUTAGE_SECONDS)
        )

    async def _lose_broker(self) -> None:
        """Stops the broker for a minute, as in a failed upgrade."""
        self.done.broker_crashes += 1
        await self._outage(self._system.stack.kill_kafka, LONG_OUTAGE_SECONDS)

    async def _crash_database(self) -> None:
        self.done.database_crashes += 1
        await self._outage(
            self._system.stack.kill_postgres, self._dice.uniform(0.0, SHORT_OUTAGE_SECONDS)
        )

    async def _outage(self, kill: Callable[[], None], seconds: float) -> None:
        async with self._server:
            began = time.monotonic()
            await asyncio.to_thread(kill)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self._system.stack.start)
            self.done.outages.append((began, time.monotonic()))

    async def _cut_connections(self) -> None:
        self.done.cut_connections += 1
        await self._on_database(database.cut)

    async def _slow_database(self) -> None:
        self.done.slow_databases += 1
        await self._on_database(database.lock_tables)

    async def _fill_database(self) -> None:
        self.done.full_databases += 1
        await self._on_database(database.fill)

    async def _on_database(self, act: Callable[[str], Awaitable[None]]) -> None:
        """Injects a fault into the whole database and records it as an outage."""
        async with self._server:
            began = time.monotonic()
            await act(self._system.platform.dsn)
            self.done.outages.append((began, time.monotonic()))

    async def _rebalance(self) -> None:
        spare = next(each for each in self._system.services if not each.is_wanted)
        self.done.rebalances += 1
        spare.start()
        self._system.fault()
        await asyncio.sleep(MEMBER_STAYS_SECONDS)
        spare.send(signal.SIGTERM)
        self._system.fault()
