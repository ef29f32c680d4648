"""The port of page sessions: who is logged in with a browser."""

from typing import Protocol


class Sessions(Protocol):
    """Sessions of people in browsers; a token opens one, and only its hash is stored."""

    async def begin(self, key_id: str) -> str:
        """Begins a session of the holder of a key; returns its token, which is never stored."""
        ...

    async def key_of(self, token: str) -> str | None:
        """Returns the key of the session that the token opens; None if it has ended."""
        ...

    async def end(self, token: str) -> None:
        """Ends a session for every process at once."""
        ...
