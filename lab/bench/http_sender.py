"""A sender that costs little: the same machine must have room for the service that it measures.

HTTP/1.1 over connections that stay open, one request under way on each. Answers with a length are
all that ingest gives, so no more of HTTP is read here than that.
"""

import asyncio
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from services.cli.errors import CommandError

ACCEPTED = b"HTTP/1.1 202 "
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
PATIENCE_SECONDS = 120.0


class NotAccepted(CommandError):
    """Ingest refused valid events, or closed the connection."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(
            f"Ingest answered {answer[:400].decode(errors='replace')!r}.",
            remedy="Check the log of ingest; the bench sends only valid events.",
        )


class _Connection(asyncio.Protocol):
    """Sends bodies one after the other until none is left."""

    def __init__(self, head: bytes, bodies: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._head = head
        self._bodies = bodies
        self._done = done
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        end = self._answer.find(_END_OF_HEAD)
        if end < 0:
            return
        head = self._answer[:end].lower()
        at = head.find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._answer) < end + len(_END_OF_HEAD) + length:
            return
        if not self._answer.startswith(ACCEPTED):
            self._end(NotAccepted(self._answer))
            return
        self._answer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(NotAccepted(str(exc or "nothing: the connection was closed").encode()))

    def _send(self) -> None:
        body = next(self._bodies, None)
        if body is None:
            self._end(None)
            return
        self._transport.write(b"%sContent-Length: %d\r\n\r\n%s" % (self._head, len(body), body))

    def _end(self, error: NotAccepted | None) -> None:
        if not self._done.done():
            if error is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(error)
            self._transport.close()


async def post_all(url: str, bodies: Iterable[bytes], *, key: str, senders: int) -> None:
    """Post NDJSON bodies to ingest over a number of connections, each answered before the next.

    Raises:
        NotAccepted: If an answer is not 202, or a connection ends.
    """
    address = urlsplit(url)
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/x-ndjson\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    waiting = iter(bodies)
    ends = [loop.create_future() for _ in range(senders)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        for end in ends:
            await loop.create_connection(
                lambda end=end: _Connection(head, waiting, end),  # type: ignore[misc]
                address.hostname or "",
                address.port or 80,
            )
        await asyncio.gather(*ends)
