"""Runs the torture on a migrated database and returns its figures as one line."""

import asyncio
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import asyncpg

from lab.stack.logins import service_url
from tests.delivery_torture import rows
from tests.delivery_torture.dispatcher_process import LEASE_SECONDS
from tests.delivery_torture.profiles import Profile
from tests.delivery_torture.receivers import Arrival, TimedInbox

PAUSE_SECONDS = 1.5 * LEASE_SECONDS
SETTLE_SECONDS = 0.5
PAUSED_SHARE = 0.1
PENDING = "SELECT count(*) FROM alerts.webhook_delivery WHERE status = 'PENDING'"


@dataclass(slots=True)
class Dispatchers:
    """The processes, and the deliveries that were in flight when one was killed or paused."""

    url: str
    connection: asyncpg.Connection
    dice: Random
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    in_flight: set[tuple[str, str]] = field(default_factory=set)
    kills: int = 0
    pauses: int = 0
    born: int = 0

    def start(self) -> None:
        """Starts one more process."""
        self.born += 1
        name = f"d{self.born}"
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", "tests.delivery_torture.dispatcher_process", self.url, name]
        )

    async def harm(self) -> None:
        """Kills a process and starts another, or pauses one for longer than its lease."""
        name = self.dice.choice(sorted(self.processes))
        if self.dice.random() < PAUSED_SHARE:
            await self._pause(name)
            return
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.in_flight.update(await rows.leased_by(self.connection, name))
        self.kills += 1
        self.start()

    async def _pause(self, name: str) -> None:
        process = self.processes[name]
        process.send_signal(signal.SIGSTOP)
        # A claim that the database was executing has committed by then.
        await asyncio.sleep(SETTLE_SECONDS)
        self.in_flight.update(await rows.leased_by(self.connection, name))
        await asyncio.sleep(PAUSE_SECONDS)
        process.send_signal(signal.SIGCONT)
        self.pauses += 1

    def end(self) -> None:
        """Ends every process."""
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            process.wait()


async def torture(profile: Profile, *, database_url: str, seed: int) -> dict[str, Any]:
    """Delivers everything under kills and failing receivers, and compares."""
    dice = Random(f"deliveries {seed}")
    inbox = TimedInbox(dice, failing_share=profile.failing_share)
    await inbox.start()
    connection = await asyncpg.connect(database_url)
    inbox.secrets.update(await rows.add(connection, profile, port=inbox.port))
    dispatchers = Dispatchers(service_url(database_url, "alerts"), connection, dice)
    begin = time.monotonic()
    try:
        for _ in range(profile.dispatchers):
            dispatchers.start()
        async with asyncio.timeout(60 * profile.minutes):
            await _harm_by_progress(profile, inbox, dispatchers)
            while await connection.fetchval(PENDING):  # noqa: ASYNC110 - it is in the database
                await asyncio.sleep(0.2)
        elapsed = time.monotonic() - begin
        stored = await rows.statuses(connection)
        late = set(await rows.answered_late(connection))
    finally:
        dispatchers.end()
        await inbox.stop()
        await connection.close()
    line = {"profile": profile.name, "seed": seed, "deliveries": profile.deliveries}
    line |= {"kills": dispatchers.kills, "pauses": dispatchers.pauses}
    line |= {"elapsed_s": round(elapsed, 1), "per_second": round(profile.deliveries / elapsed)}
    line["repeats_after_a_late_answer"] = len(inbox.repeated & late - dispatchers.in_flight)
    return _checked(line, inbox, stored, dispatchers.in_flight | late)


async def _harm_by_progress(profile: Profile, inbox: TimedInbox, dispatchers: Dispatchers) -> None:
    """Harms a process each time that another part of the messages has arrived."""
    for number in range(profile.kills):
        due = profile.deliveries * (number + 0.5) / profile.kills
        while len(inbox.taken) < due:  # noqa: ASYNC110 - the inbox counts what arrives
            await asyncio.sleep(0.01)
        await dispatchers.harm()


def _checked(
    line: dict[str, Any],
    inbox: TimedInbox,
    stored: Mapping[tuple[str, str], str],
    explained: set[tuple[str, str]],
) -> dict[str, Any]:
    chains = _chains(inbox)
    waits = sorted(_waits(chains, inbox))
    line |= {
        "lost": sum(key not in inbox.accepted for key in stored),
        "not_delivered": sum(status != "DELIVERED" for status in stored.values()),
        "out_of_order": sum(
            _is_early(*pair, inbox) for chain in chains for pair in pairwise(chain)
        ),
        "reminded_after_acknowledged": sum(_reminded_late(chain, inbox) for chain in chains),
        "repeats": len(inbox.repeated),
        "repeats_not_in_flight": len(inbox.repeated - explained),
        "repeats_with_other_bytes": inbox.changed,
        "unsigned": inbox.unsigned,
        "attempts": inbox.requests,
        "next_after_ms": {p: _percentile(waits, p) for p in (50, 95, 99)},
    }
    wrong = (
        "lost",
        "not_delivered",
        "out_of_order",
        "reminded_after_acknowledged",
        "repeats_not_in_flight",
        "repeats_with_other_bytes",
        "unsigned",
    )
    return {**line, "verified": not any(line[name] for name in wrong)}


def _chains(inbox: TimedInbox) -> Sequence[Sequence[Arrival]]:
    """Returns the messages of each borrower at each ordered endpoint, by position."""
    chains: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in inbox.arrivals.values():
        if rows.is_ordered(int(arrival.endpoint.removeprefix("/w-"))):
            chains[arrival.endpoint, arrival.borrower_id].append(arrival)
    return [sorted(chain, key=lambda arrival: arrival.position) for chain in chains.values()]


def _is_early(earlier: Arrival, later: Arrival, inbox: TimedInbox) -> bool:
    """Returns whether a message came before the one ahead of it was accepted."""
    accepted_at = inbox.accepted.get((earlier.endpoint, earlier.event_id))
    return accepted_at is None or later.first_at < accepted_at


def _reminded_late(chain: Sequence[Arrival], inbox: TimedInbox) -> bool:
    accepted = {a.kind: inbox.accepted.get((a.endpoint, a.event_id)) for a in chain}
    reminded, acknowledged = accepted.get(rows.KINDS[1]), accepted.get(rows.KINDS[2])
    return reminded is not None and acknowledged is not None and reminded > acknowledged


def _waits(chains: Sequence[Sequence[Arrival]], inbox: TimedInbox) -> list[float]:
    """Returns the milliseconds from the acceptance of each message to the first try of the next."""
    waits = []
    for chain in chains:
        for earlier, later in pairwise(chain):
            accepted_at = inbox.accepted.get((earlier.endpoint, earlier.event_id))
            if accepted_at is not None:
                waits.append(1000 * (later.first_at - accepted_at))
    return waits


def _percentile(values: Sequence[float], percent: int) -> float | None:
    return round(values[len(values) * percent // 100 - 1], 1) if values else None
