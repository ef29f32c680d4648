"""Resolves the names of receivers without occupying a thread for each.

The operating system's resolver blocks a thread for as long as a dead name server stays silent, and
a process has a handful of threads: a few attempts at a dead name would stop every other name.
c-ares sends its queries over sockets, so any number of names can be pending. It caches answers for
as long as they are valid. An answer is never a verdict: the SSRF guard checks the addresses before
each connection.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

import aiodns
from aiodns.error import DNSError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

DEADLINE_SECONDS = 5.0
# c-ares adapts the first wait to how fast the server has been and doubles it with each try; a name
# that a busy server first has to look up itself needs more tries than two.
_TRIES = 4


class CannotResolve(Exception):
    """The name has no address."""


class NameResolver:
    """Queries the name servers of this machine, or those given as `address:port`."""

    def __init__(
        self, *, servers: Sequence[str] = (), deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._dns = aiodns.DNSResolver(servers or None, timeout=deadline_seconds, tries=_TRIES)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Returns all addresses of a host.

        Raises:
            CannotResolve: If there is none, or no answer within the deadline.
        """
        try:
            async with asyncio.timeout(self._deadline_seconds):
                answer = await self._dns.getaddrinfo(host, port=port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise CannotResolve(
                f"{host} does not resolve: no answer within {self._deadline_seconds:g} s"
            ) from error
        except (DNSError, UnicodeError) as error:
            raise CannotResolve(f"{host} does not resolve: {error}") from error
        return list(dict.fromkeys(node.addr[0].decode() for node in answer.nodes))

    async def close(self) -> None:
        """Ends the lookups that still wait."""
        await self._dns.close()
