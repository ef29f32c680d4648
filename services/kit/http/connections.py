"""Closes connections that occupy the server without a caller behind them.

uvicorn waits for ever for the rest of a request's head, on as many connections as the operating
system allows. Here a head has a deadline, and the number of connections without a valid key is
bounded: one more closes the oldest of them. A connection whose request was admitted by its key does
not count.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEAD_SECONDS = 10.0
MOST_WITHOUT_KEY = 512


class Strangers:
    """The open connections without an admitted caller, the oldest first."""

    def __init__(self, most: int = MOST_WITHOUT_KEY) -> None:
        self._most = most
        self._connections: dict[BoundedProtocol, None] = {}

    def add(self, connection: "BoundedProtocol") -> None:
        """Adds a connection; closes the oldest if there are too many."""
        self._connections[connection] = None
        while len(self._connections) > self._most:
            oldest = next(iter(self._connections))
            del self._connections[oldest]
            if not oldest.has_caller:
                oldest.transport.close()

    def discard(self, connection: "BoundedProtocol") -> None:
        """Removes a connection that was closed."""
        self._connections.pop(connection, None)


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with a deadline for the head of a request."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        strangers: Strangers,
        head_seconds: float = HEAD_SECONDS,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._strangers = strangers
        self._head_seconds = head_seconds
        self._head_deadline: asyncio.TimerHandle | None = None

    @property
    def has_caller(self) -> bool:
        """Returns whether the key of the latest request was admitted."""
        return self.scope is not None and "principal" in self.scope.get("state", {})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._strangers.add(self)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._strangers.discard(self)
        self._end_wait()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            # A part of the next head, or the rest of a body that nobody reads any more.
            self._await_head()
        else:
            self._end_wait()

    def on_response_complete(self) -> None:
        if self.has_caller:
            self._strangers.discard(self)
        super().on_response_complete()

    def _await_head(self) -> None:
        if self._head_deadline is None:
            self._head_deadline = self.loop.call_later(self._head_seconds, self._give_up)

    def _end_wait(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _give_up(self) -> None:
        self._head_deadline = None
        if not self.transport.is_closing():
            self.transport.close()
