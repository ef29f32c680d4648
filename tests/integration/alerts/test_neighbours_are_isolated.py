"""Webhooks: an endpoint that cannot be reached delays no other endpoint.

The name server on loopback never answers for a dead name, and the receivers are real.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.alerts.delivery.adapters.channels.http_poster import HttpPoster
from services.alerts.delivery.adapters.channels.registry import ChannelRegistry
from services.alerts.delivery.adapters.name_resolver import NameResolver
from services.alerts.delivery.application.channel import Channel
from services.alerts.delivery.application.dispatcher import DispatchLimits
from services.alerts.primitives.vocabulary import Level, RiskState
from tests.fakes import receiver as answers
from tests.fakes.assessments import assessment, contributor
from tests.fakes.name_server import NameServer
from tests.fakes.receiver import Receiver
from tests.integration.alerts.conftest import DEVELOPMENT, Desk

pytestmark = pytest.mark.integration

RED = contributor("R-01", Level.RED, 30.0)
# Slow enough that no attempt at a dead endpoint ends while the healthy one is served.
LONG_SECONDS = 60.0


@pytest.fixture
async def healthy() -> AsyncIterator[Receiver]:
    started = await Receiver().start()
    yield started
    await started.stop()


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    started = await NameServer({"hooks.bank.com": "127.0.0.1"}).start()
    yield started
    started.stop()


@pytest.fixture
async def channel(desk: Desk, server: NameServer) -> AsyncIterator[Channel]:
    names = NameResolver(servers=[server.address], deadline_seconds=LONG_SECONDS)
    poster = HttpPoster(
        policy=DEVELOPMENT,
        ssl_context=ssl.create_default_context(),
        resolver=names.resolve,
        deadline_seconds=LONG_SECONDS,
    )
    yield ChannelRegistry(poster=poster, clock=desk.clock, policy=DEVELOPMENT)
    await poster.close()
    await names.close()


@asynccontextmanager
async def dispatching(desk: Desk, channel: Channel, limits: DispatchLimits) -> AsyncIterator[None]:
    stop = asyncio.Event()
    dispatcher = desk.dispatcher(channel, limits=limits)
    running = asyncio.create_task(dispatcher.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def assess(desk: Desk, count: int) -> None:
    await desk.never_storm()
    await desk.assess(
        *(assessment(RiskState.WATCH, RED, borrower_id=f"b-{n}") for n in range(count))
    )


async def delivered(desk: Desk) -> dict[str, int]:
    rows = await desk.pool.fetch(
        "SELECT endpoint.url, count(*) FILTER (WHERE status = 'DELIVERED') AS delivered"
        "  FROM alerts.webhook_delivery JOIN alerts.webhook_endpoint AS endpoint"
        "       USING (endpoint_id) GROUP BY endpoint.url"
    )
    return {row["url"]: row["delivered"] for row in rows}


@pytest.mark.parametrize("dead_names", [1, 2])
async def test_dead_names_cost_a_healthy_endpoint_no_delivery(
    desk: Desk, healthy: Receiver, server: NameServer, channel: Channel, dead_names: int
) -> None:
    url = f"http://hooks.bank.com:{healthy.port}/hook"
    dead = [f"http://dead-{n}.bank.com:{healthy.port}/hook" for n in range(dead_names)]
    for each in [*dead, url]:
        await desk.endpoint(each, is_ordered=False)
    await assess(desk, 60)
    async with dispatching(desk, channel, DispatchLimits(drain_seconds=0.1)):
        await server.until(dead_names, prefix="dead")
        await healthy.until(60)
    assert len({got.headers["webhook-id"] for got in healthy.received}) == 60
    assert await delivered(desk) == {url: 60, **dict.fromkeys(dead, 0)}


async def test_slow_receivers_leave_slots_to_a_healthy_endpoint(
    desk: Desk, healthy: Receiver, channel: Channel
) -> None:
    slow = await Receiver().start()
    slow.otherwise = answers.hang
    try:
        for n in range(2):
            await desk.endpoint(f"{slow.url}/{n}", is_ordered=False)
        await assess(desk, 10)
        limits = DispatchLimits(most_in_flight=8, per_endpoint=8, drain_seconds=0.1)
        async with dispatching(desk, channel, limits):
            await slow.until(8)
            await desk.endpoint(healthy.url, is_ordered=False)
            await desk.assess(
                *(assessment(RiskState.WATCH, RED, borrower_id=f"late-{n}") for n in range(20))
            )
            await healthy.until(20)
    finally:
        await slow.stop()
    assert len({got.headers["webhook-id"] for got in healthy.received}) == 20
