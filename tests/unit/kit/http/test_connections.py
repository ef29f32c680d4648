"""Callers that are slow, silent or too many, against a real server on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import httpx2
import pytest
import uvicorn
from fastapi import APIRouter, Depends, Request, Response

from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts, create_app
from services.kit.http.auth import Principal, require
from services.kit.http.connections import BoundedProtocol, Strangers
from services.kit.http.health import Health
from services.kit.http.keyed_route import KeyedRoute
from services.kit.http.limits import RequestLimits
from services.kit.metrics import Metrics
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIMITS = RequestLimits(requests_per_key=3, body_seconds=60.0)
Upload = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class AnyKey:
    """Admits every key as a caller of its own."""

    async def authenticate(self, text: str) -> Principal:
        return Principal(id=text, name=text, roles=frozenset({Role.SOURCE}))


def routes() -> APIRouter:
    router = APIRouter(route_class=KeyedRoute)

    @router.post("/v1/events")
    async def receive(
        request: Request, caller: Annotated[Principal, Depends(require(Role.SOURCE))]
    ) -> Response:
        return Response(f"{caller.id} sent {len(await request.body())}", status_code=202)

    return router


@dataclass
class Served:
    port: int
    metrics: Metrics
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> Upload:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.gather(
            *(writer.wait_closed() for writer in self.writers), return_exceptions=True
        )

    async def upload(self, key: str, *, declared: int = 10) -> Upload:
        """Sends a head and none of its body."""
        reader, writer = await self.connect()
        writer.write(head(key, declared))
        await writer.drain()
        return reader, writer

    async def post(self, key: str) -> bytes:
        """Sends a whole request on a connection of its own and returns the response."""
        reader, writer = await self.connect()
        writer.write(head(key, 2, "connection: close") + b"{}")
        return await reader.read()


def head(key: str, declared: int, *more: str) -> bytes:
    lines = [
        "POST /v1/events HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {key}",
        f"content-length: {declared}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as closing:

        async def start(
            *, limits: RequestLimits = LIMITS, most: int = 100, head_seconds: float = 60.0
        ) -> Served:
            return await closing.enter_async_context(serving(limits, most, head_seconds))

        yield start


@asynccontextmanager
async def serving(limits: RequestLimits, most: int, head_seconds: float) -> AsyncIterator[Served]:
    metrics = Metrics(KIT_CATALOGUE)
    parts = WebParts(
        health=Health(ManualClock(NOW)), metrics=metrics, authenticator=AnyKey(), limits=limits
    )
    config = uvicorn.Config(
        create_app("test", parts=parts, routers=[routes()]),
        log_config=None,
        timeout_graceful_shutdown=1,
        http=partial(BoundedProtocol, strangers=Strangers(most), head_seconds=head_seconds),  # type: ignore[arg-type]
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listening]))
    served = Served(port=listening.getsockname()[1], metrics=metrics)
    try:
        yield served
    finally:
        await served.close()
        server.should_exit = True
        await running


async def refused(reader: asyncio.StreamReader) -> bytes:
    """Returns what a connection brings until the server closes it."""
    async with asyncio.timeout(10):
        return await reader.read()


async def test_slow_bodies_of_a_key_leave_room_to_every_other(serve: Serve) -> None:
    served = await serve()
    slow = [await served.upload("slow") for _ in range(3)]
    # The fourth is answered although its body has not begun, so the three before are counted.
    fourth, _ = await served.upload("slow")
    assert (await fourth.readline()).startswith(b"HTTP/1.1 429")
    assert b"202 Accepted" in await served.post("healthy")
    for reader, writer in slow:
        writer.write(b"0123456789")
        assert (await reader.readline()).startswith(b"HTTP/1.1 202")
    assert b"202 Accepted" in await served.post("slow")


async def test_large_bodies_of_a_key_leave_memory_to_every_other() -> None:
    # Four bodies of 90 bytes are within the 400 that four of the largest have.
    parts = WebParts(
        health=Health(ManualClock(NOW)),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=AnyKey(),
        limits=RequestLimits(max_body_bytes=100),
    )
    transport = httpx2.ASGITransport(create_app("test", parts=parts, routers=[routes()]))
    are_counted, may_end = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 90
        are_counted.release()
        await may_end.wait()

    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:

        async def post(key: str, body: bytes | AsyncIterator[bytes]) -> httpx2.Response:
            headers = {"Authorization": f"Bearer {key}"}
            return await client.post("/v1/events", content=body, headers=headers)

        large = [asyncio.create_task(post("large", slow())) for _ in range(4)]
        for _ in large:
            await are_counted.acquire()
        fifth = await post("large", b"x" * 41)
        assert (fifth.status_code, fifth.headers["retry-after"]) == (429, "1")
        assert (await post("large", b"x" * 40)).status_code == 202
        assert (await post("healthy", b"x" * 100)).status_code == 202
        may_end.set()
        assert [response.status_code for response in await asyncio.gather(*large)] == [202] * 4
        assert (await post("large", b"x" * 100)).status_code == 202


async def test_a_body_that_does_not_arrive_in_time_is_408(serve: Serve) -> None:
    served = await serve(limits=RequestLimits(body_seconds=0.05))
    reader, writer = await served.upload("slow")
    writer.write(b"01234")
    response = await refused(reader)
    assert response.startswith(b"HTTP/1.1 408")
    assert b"urn:tocsin:problem:body-too-slow" in response


async def test_an_upload_that_is_aborted_is_no_error_of_ours(serve: Serve) -> None:
    served = await serve()
    _, writer = await served.upload("gone")
    writer.write(b"01234")
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(10):
        while b'route="/v1/events",status="aborted"' not in served.metrics.exposition():  # noqa: ASYNC110 - metrics have no event
            await asyncio.sleep(0)
    assert b'status="5xx"' not in served.metrics.exposition()
    # Its place is free again.
    for _ in range(4):
        assert b"202 Accepted" in await served.post("gone")


@pytest.mark.parametrize("part", [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nhost: a\r\n"])
async def test_a_head_that_is_never_complete_is_closed(serve: Serve, part: bytes) -> None:
    served = await serve(head_seconds=0.05)
    reader, writer = await served.connect()
    writer.write(part)
    assert await refused(reader) == b""


async def test_a_half_head_after_a_first_request_is_closed_too(serve: Serve) -> None:
    served = await serve(head_seconds=0.05)
    reader, writer = await served.connect()
    writer.write(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\nGET /livez HTTP/1.1\r\n")
    assert (await refused(reader)).count(b"200 OK") == 1


async def test_the_rest_of_a_refused_body_keeps_no_connection(serve: Serve) -> None:
    served = await serve(head_seconds=0.05)
    reader, writer = await served.connect()
    writer.write(b"POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n1")
    assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    writer.write(b"2")
    assert b"unauthenticated" in await refused(reader)


async def test_too_many_connections_without_a_key_close_the_oldest_of_them(serve: Serve) -> None:
    served = await serve(most=3)
    with_key = await served.upload("known")
    strangers = []
    for _ in range(5):
        reader, writer = await served.connect()
        writer.write(b"GET /livez HTTP/1.1\r\n")
        strangers.append((reader, writer))
    for reader, _ in strangers[:2]:
        assert await refused(reader) == b""
    with_key[1].write(b"0123456789")
    assert (await with_key[0].readline()).startswith(b"HTTP/1.1 202")
    # Nor does it count between two requests, when nobody has presented its key again.
    for _ in range(3):
        await served.connect()
    with_key[1].write(head("known", 2) + b"{}")
    async with asyncio.timeout(10):
        while b"known sent 2" not in await with_key[0].readline():
            pass


async def test_connections_without_a_key_are_served_up_to_their_number(serve: Serve) -> None:
    served = await serve(most=3)
    strangers = [await served.connect() for _ in range(3)]
    for reader, writer in strangers:
        writer.write(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "lines",
    [
        ("content-length: 2", "transfer-encoding: chunked"),
        ("content-length: 2", "content-length: 3"),
        ("transfer-encoding: gzip, chunked",),
    ],
)
async def test_a_body_with_two_lengths_is_refused(serve: Serve, lines: tuple[str, ...]) -> None:
    served = await serve()
    reader, writer = await served.connect()
    request = ["POST /v1/events HTTP/1.1", "host: a", "authorization: Bearer k", *lines, "", ""]
    writer.write("\r\n".join(request).encode() + b"2\r\n{}\r\n0\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"400"
