"""202 means that the broker has the event: without an acknowledgement, the answer is 503."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx2
import pytest

from lab.stack.ports import free_ports
from services.ingest.entrypoints.http import create_app
from services.ingest.settings import IngestSettings
from services.ingest.wiring import build
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings
from tests.conftest import Servers
from tests.fakes.wire_events import lines, repayment, written

pytestmark = pytest.mark.integration
LIMIT_SECONDS = 2.0


@asynccontextmanager
async def sender_to(platform: PlatformSettings) -> AsyncIterator[httpx2.AsyncClient]:
    """Returns a client of an ingest with any broker."""
    connection = await asyncpg.connect(platform.dsn)
    grant = store.Grant(
        name="bank", roles=frozenset({Role.SOURCE, Role.OPERATOR}), sources=("core/*",)
    )
    _, key = await store.issue(connection, grant, at=SystemClock().now())
    await connection.close()
    settings = IngestSettings(produce_timeout_seconds=LIMIT_SECONDS)
    async with build(platform, settings) as ingest:
        app = create_app(ingest, settings)
        ingest.health.started()
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(
            transport=transport,
            base_url="http://ingest",
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        ) as client:
            yield client


async def is_refused_for_now(client: httpx2.AsyncClient) -> None:
    """Checks that a good and a bad event are answered 503, and nothing is quarantined."""
    body = lines(repayment(), b"broken")
    async with asyncio.timeout(LIMIT_SECONDS * 6):
        answer = await client.post(
            "/v1/events", content=body, headers={"Content-Type": "application/x-ndjson"}
        )
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (await client.get("/v1/quarantine")).json()["items"] == []
    assert (await client.get("/readyz")).status_code == 503


async def test_a_broker_that_is_down(database_url: str) -> None:
    platform = PlatformSettings(
        kafka_bootstrap=f"127.0.0.1:{free_ports(1)[0]}", database_url=database_url
    )
    async with sender_to(platform) as client:
        await is_refused_for_now(client)


async def test_a_broker_that_never_answers(database_url: str) -> None:
    held: list[asyncio.StreamWriter] = []

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    platform = PlatformSettings(kafka_bootstrap=f"127.0.0.1:{port}", database_url=database_url)
    try:
        async with sender_to(platform) as client:
            await is_refused_for_now(client)
    finally:
        for writer in held:
            writer.close()
        server.close()


async def test_a_topic_that_does_not_exist(stack: Servers, database_url: str) -> None:
    platform = PlatformSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        database_url=database_url,
        topic_prefix="nobody-made-these.",
    )
    async with sender_to(platform) as client:
        await is_refused_for_now(client)


async def test_a_database_that_is_down(stack: Servers, database_url: str) -> None:
    platform = PlatformSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        ingest_database_url=f"postgresql://nobody@127.0.0.1:{free_ports(1)[0]}/none",
    )
    settings = IngestSettings(produce_timeout_seconds=LIMIT_SECONDS)
    async with build(platform, settings) as ingest:
        transport = httpx2.ASGITransport(
            app=create_app(ingest, settings), raise_app_exceptions=False
        )
        async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
            answer = await client.post(
                "/v1/events",
                content=written(repayment()),
                headers={"Authorization": "Bearer tsk_" + "a" * 12 + "_" + "b" * 43},
            )
    # Without the database the caller's key cannot be checked, so nothing is accepted.
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
