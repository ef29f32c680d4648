"""Receivers that fail on purpose and record every message that they receive.

Each message id fails at most once, so that all deliveries end inside the run: 5xx, 429 with
Retry-After, a reset, a hang, dripping bytes, a redirect, an endless body.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

import msgspec
from standardwebhooks import Webhook

from tests.fakes import receiver

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]
FAILURES: tuple[Reply, ...] = (
    receiver.status(500),
    receiver.status(503),
    receiver.status(429, "retry-after: 1"),
    receiver.status(302, "location: http://127.0.0.1:1/inside"),
    receiver.reset,
    receiver.hang,
    receiver.drip_headers,
)
FAILING_SHARE = 0.12
ENDLESS_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was first received."""

    borrower_id: str
    body: bytes
    index: int


@dataclass(slots=True)
class Inbox:
    """One server for all endpoints, which differ by their path."""

    dice: Random
    failing_share: float = FAILING_SHARE
    secrets: dict[str, str] = field(default_factory=dict)
    taken: dict[tuple[str, str], Message] = field(default_factory=dict)
    repeats: int = 0
    changed: int = 0
    unsigned: int = 0
    requests: int = 0
    _failed: set[tuple[str, str]] = field(default_factory=set)
    _server: asyncio.Server | None = None
    port: int = 0

    async def start(self) -> None:
        """Listens on a free port."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError, OSError):
            async with asyncio.timeout(20):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    length = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
                    body = await reader.readexactly(int(length[1]) if length else 0)
                    await self._take(head, body)(writer)
        writer.close()

    def _take(self, head: str, body: bytes) -> Reply:
        self.requests += 1
        path = head.split(" ", 2)[1]
        headers = dict(re.findall(r"^([\w-]+): *(.*?)\r$", head.lower(), re.MULTILINE))
        signature = re.search(r"^webhook-signature: *(.*?)\r$", head, re.MULTILINE | re.IGNORECASE)
        key = (path, headers["webhook-id"])
        if key not in self._failed and self.dice.random() < self.failing_share:
            self._failed.add(key)
            return self.dice.choice(FAILURES)
        headers["webhook-signature"] = signature[1] if signature else ""
        self._record(key, headers, body)
        if self.dice.random() < ENDLESS_SHARE:
            return receiver.status(200, body=b"z" * 100_000)
        return receiver.status(200)

    def _record(self, key: tuple[str, str], headers: dict[str, str], body: bytes) -> None:
        try:
            Webhook(self.secrets[key[0]]).verify(body, headers)
        except Exception:  # noqa: BLE001 - the library raises several kinds; each is a failure
            self.unsigned += 1
        before = self.taken.get(key)
        if before is not None:
            self.repeats += 1
            self.changed += before.body != body
            return
        borrower = msgspec.json.decode(body)["data"]["borrower_id"]
        self.taken[key] = Message(borrower, body, len(self.taken))
