"""One run: bring the world up, offer, do mischief, let it settle, judge, give one line."""

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
from tests.chaos.feed import Feed
from tests.chaos.inbox import Inbox
from tests.chaos.mischief import FENCED, Mischief
from tests.chaos.profiles import Profile
from tests.chaos.world import PARTITIONS, SESSION_SECONDS, World, brought_up

SETTLE_WITHIN_SECONDS = 240.0
RECOVERS_WITHIN_SECONDS = SESSION_SECONDS + 5.0
console = Console(stderr=True)


async def torture(profile: Profile, *, seed: int) -> dict[str, Any]:
    """Run a profile once and return its line; `verified` is the verdict."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="tocsin-torture-"))
    async with brought_up(folder, console=console) as world:
        line = await _inside(world, profile, seed)
    line |= {"elapsed_s": round(time.monotonic() - began, 1), "verified": line.pop("holds")}
    if line["verified"]:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"logs kept in {folder}")
    return line


async def _inside(world: World, profile: Profile, seed: int) -> dict[str, Any]:
    inbox = Inbox(Random(f"chaos-inbox:{seed}"))
    await inbox.start()
    await _register(world, inbox, profile.endpoints)
    feed = Feed(world, profile, seed=seed)
    mischief = Mischief(world, profile, feed, seed=seed)
    looking = watch.Watch(world)
    background = [asyncio.create_task(world.supervise()), asyncio.create_task(looking.run())]
    try:
        folding = asyncio.create_task(_expected(world, feed))
        work = asyncio.gather(feed.run(), mischief.run())
        while not work.done():
            await asyncio.wait([work], timeout=10)
            console.print(f"seed {seed}: {feed.offered.share:.0%} offered, {world.killed} killed")
        await work
        await mischief.last_zombie()
        settled, pending = await _settle(world), await _wait_for_deliveries(world, profile)
        verdict = await checks.judge(world, feed, inbox, await folding)
    finally:
        for task in background:
            task.cancel()
        await inbox.stop()
    growth, grown = looking.growth_mb()
    recovery = looking.longest_recovery_seconds(mischief.done.outages)
    verdict.complaints += _too_late(profile, settled=settled, pending=pending, recovery=recovery)
    for complaint in verdict.complaints[:20]:
        console.print(f"  [red]{complaint}")
    return _line(world, mischief, feed, inbox, verdict) | {
        "webhook_pending": pending,
        "recovery_max_s": recovery,
        "stall_max_s": looking.longest_stall_seconds(mischief.done.outages),
        "rss_growth_mb": growth,
        "rss_growth_of": grown,
    }


def _too_late(profile: Profile, *, settled: bool, pending: int, recovery: float) -> list[str]:
    found = []
    if not settled:
        found.append(f"not settled within {SETTLE_WITHIN_SECONDS:.0f} s")
    if pending:
        found.append(f"{pending} webhooks were not delivered in time")
    if profile.judges_recovery and recovery > RECOVERS_WITHIN_SECONDS:
        found.append(f"no progress for {recovery} s, expected at most {RECOVERS_WITHIN_SECONDS}")
    return found


def _line(
    world: World, mischief: Mischief, feed: Feed, inbox: Inbox, verdict: checks.Verdict
) -> dict[str, Any]:
    done = mischief.done
    return {
        "profile": feed.profile.name,
        "seed": feed.seed,
        "commit": _commit(),
        "events": feed.offered.events,
        "worker_kills": world.killed,
        "scoring_kills": world.scoring_killed,
        "broker_crashes": done.broker_crashes,
        "database_crashes": done.database_crashes,
        "databases_full": done.full_databases,
        "zombies": done.zombies,
        "fenced": _count_in_logs(world, FENCED),
        "rebalances": _count_in_logs(world, "consumer.partitions_assigned"),
        "webhook_deliveries": len(inbox.taken),
        "webhook_repeats": inbox.repeats,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "out_of_order": verdict.out_of_order,
        "mismatches": verdict.mismatches,
        "refused_requests": feed.offered.refusals,
        "holds": verdict.holds,
    }


async def _register(world: World, inbox: Inbox, endpoints: int) -> None:
    headers = {"Authorization": f"Bearer {world.operator_key}"}
    async with httpx2.AsyncClient(base_url=world.alerts_url, headers=headers, timeout=20) as http:
        for number in range(endpoints):
            path = f"/hook/{number}"
            url = f"http://127.0.0.1:{inbox.port}{path}"
            body = {"url": url, "description": path, "is_ordered": True}
            answer = await http.post("/v1/webhook-endpoints", json=body)
            answer.raise_for_status()
            inbox.secrets[path] = answer.json()["secret"]


async def _expected(world: World, feed: Feed) -> Expected:
    fold = partial(
        fold_offered,
        feed.lines,
        timezone=world.platform.bank_timezone,
        rulebook=checks.RULEBOOK,
    )
    # At a low priority: the system under torture comes first.
    spawning, polite = get_context("spawn"), partial(os.nice, 10)
    with ProcessPoolExecutor(1, mp_context=spawning, initializer=polite) as beside:
        return await asyncio.get_running_loop().run_in_executor(beside, fold)


async def _settle(world: World) -> bool:
    """Wait until nothing is on its way: logs read to the end, outboxes empty, all delivered."""
    deadline = time.monotonic() + SETTLE_WITHIN_SECONDS
    while time.monotonic() < deadline:
        standing = await watch.standing_of(world)
        if standing is not None and not standing.unsent:
            events = await _end_of(world, world.platform.events_topic)
            risk = await _end_of(world, world.platform.risk_topic)
            if standing.scored >= events and standing.alerted >= risk:
                return True
        await asyncio.sleep(1.0)
    return False


async def _wait_for_deliveries(world: World, profile: Profile) -> int:
    """Give the retries some time; return how many deliveries still wait for one."""
    deadline = time.monotonic() + profile.deliver_within_seconds
    while True:
        standing = await watch.standing_of(world)
        if standing is not None and not standing.undelivered:
            return 0
        if time.monotonic() > deadline:
            return standing.undelivered if standing is not None else -1
        await asyncio.sleep(1.0)


async def _end_of(world: World, topic: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=world.platform.kafka_bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()


def _count_in_logs(world: World, words: str) -> int:
    return sum(service.log.read_text(errors="replace").count(words) for service in world.services)


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def append(line: dict[str, Any], path: Path) -> None:
    """Add a line to the committed proof."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as proof:
        proof.write(json.dumps(line) + "\n")
