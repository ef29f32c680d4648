"""One run: starts the system, offers events, injects faults, waits, checks, returns one line."""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console

from tests.chaos import checks, watch
from tests.chaos.expected import Expected, fold_offered
from tests.chaos.fault_injector import FENCED, FaultInjector
from tests.chaos.feed import Feed
from tests.chaos.inbox import Inbox
from tests.chaos.profiles import Profile
from tests.chaos.system import PARTITIONS, SESSION_SECONDS, System, brought_up

SETTLE_WITHIN_SECONDS = 240.0
RECOVERS_WITHIN_SECONDS = SESSION_SECONDS + 5.0
console = Console(stderr=True)


async def torture(profile: Profile, *, seed: int) -> dict[str, Any]:
    """Runs a profile once; returns its line, in which `verified` is the result."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="tocsin-torture-"))
    async with brought_up(folder, console=console) as system:
        line = await _inside(system, profile, seed)
    line |= {"elapsed_s": round(time.monotonic() - began, 1), "verified": line.pop("holds")}
    if line["verified"]:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"the logs are in {folder}")
    return line


async def _inside(system: System, profile: Profile, seed: int) -> dict[str, Any]:
    inbox = Inbox(Random(f"chaos-inbox:{seed}"))
    await inbox.start()
    await _register(system, inbox, profile.endpoints)
    feed = Feed(system, profile, seed=seed)
    injector = FaultInjector(system, profile, feed, seed=seed)
    progress = watch.ProgressWatch(system)
    background = [asyncio.create_task(system.supervise()), asyncio.create_task(progress.run())]
    try:
        folding = asyncio.create_task(_expected(system, feed))
        work = asyncio.gather(feed.run(), injector.run())
        while not work.done():
            await asyncio.wait([work], timeout=10)
            console.print(f"seed {seed}: {feed.offered.share:.0%} offered, {system.killed} killed")
        await work
        await injector.last_zombie()
        settled, pending = await _settle(system), await _wait_for_deliveries(system, profile)
        result = await checks.judge(system, feed, inbox, await folding)
    finally:
        for task in background:
            task.cancel()
        await inbox.stop()
    growth, grown = progress.growth_mb()
    recovery = progress.longest_recovery_seconds(injector.done.outages)
    result.complaints += _too_late(profile, settled=settled, pending=pending, recovery=recovery)
    for complaint in result.complaints[:20]:
        console.print(f"  [red]{complaint}")
    return _line(system, injector, feed, inbox, result) | {
        "webhook_pending": pending,
        "recovery_max_s": recovery,
        "stall_max_s": progress.longest_stall_seconds(injector.done.outages),
        "rss_growth_mb": growth,
        "rss_growth_of": grown,
    }


def _too_late(profile: Profile, *, settled: bool, pending: int, recovery: float) -> list[str]:
    complaints = []
    if not settled:
        complaints.append(f"not settled within {SETTLE_WITHIN_SECONDS:.0f} s")
    if pending:
        complaints.append(f"{pending} webhooks were not delivered in time")
    if profile.judges_recovery and recovery > RECOVERS_WITHIN_SECONDS:
        complaints.append(
            f"no progress for {recovery} s, expected at most {RECOVERS_WITHIN_SECONDS}"
        )
    return complaints


def _line(
    system: System, injector: FaultInjector, feed: Feed, inbox: Inbox, result: checks.TortureResult
) -> dict[str, Any]:
    done = injector.done
    return {
        "profile": feed.profile.name,
        "seed": feed.seed,
        "commit": _commit(),
        "events": feed.offered.events,
        "worker_kills": system.killed,
        "scoring_kills": system.scoring_killed,
        "broker_crashes": done.broker_crashes,
        "database_crashes": done.database_crashes,
        "databases_full": done.full_databases,
        "zombies": done.zombies,
        "fenced": _count_in_logs(system, FENCED),
        "rebalances": _count_in_logs(system, "consumer.partitions_assigned"),
        "webhook_deliveries": len(inbox.taken),
        "webhook_repeats": inbox.repeats,
        "lost": result.lost,
        "doubled": result.doubled,
        "out_of_order": result.out_of_order,
        "mismatches": result.mismatches,
        "refused_requests": feed.offered.refusals,
        "holds": result.holds,
    }


async def _register(system: System, inbox: Inbox, endpoints: int) -> None:
    headers = {"Authorization": f"Bearer {system.operator_key}"}
    async with httpx2.AsyncClient(base_url=system.alerts_url, headers=headers, timeout=20) as http:
        for number in range(endpoints):
            path = f"/hook/{number}"
            url = f"http://127.0.0.1:{inbox.port}{path}"
            body = {"url": url, "description": path, "is_ordered": True}
            answer = await http.post("/v1/webhook-endpoints", json=body)
            answer.raise_for_status()
            inbox.secrets[path] = answer.json()["secret"]


async def _expected(system: System, feed: Feed) -> Expected:
    fold = partial(
        fold_offered,
        feed.lines,
        timezone=system.platform.bank_timezone,
        rulebook=checks.RULEBOOK,
    )
    # At a low priority: the system under torture has the machine.
    spawning, polite = get_context("spawn"), partial(os.nice, 10)
    with ProcessPoolExecutor(1, mp_context=spawning, initializer=polite) as beside:
        return await asyncio.get_running_loop().run_in_executor(beside, fold)


async def _settle(system: System) -> bool:
    """Waits until everything has arrived: topics read to the end, outboxes empty."""
    deadline = time.monotonic() + SETTLE_WITHIN_SECONDS
    while time.monotonic() < deadline:
        totals = await watch.totals_of(system)
        if totals is not None and not totals.unsent:
            events = await _end_of(system, system.platform.events_topic)
            risk = await _end_of(system, system.platform.risk_topic)
            if totals.scored >= events and totals.alerted >= risk:
                return True
        await asyncio.sleep(1.0)
    return False


async def _wait_for_deliveries(system: System, profile: Profile) -> int:
    """Gives the retries time; returns the number of deliveries that still wait for one."""
    deadline = time.monotonic() + profile.deliver_within_seconds
    while True:
        totals = await watch.totals_of(system)
        if totals is not None and not totals.undelivered:
            return 0
        if time.monotonic() > deadline:
            return totals.undelivered if totals is not None else -1
        await asyncio.sleep(1.0)


async def _end_of(system: System, topic: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=system.platform.kafka_bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


def _count_in_logs(system: System, words: str) -> int:
    return sum(service.log.read_text(errors="replace").count(words) for service in system.services)


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def append(line: dict[str, Any], path: Path) -> None:
    """Appends a line to the committed record."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as proof:
        proof.write(json.dumps(line) + "\n")
