"""The SSRF guard: resolves a name once, checks every address and dials exactly one of them.

httpx2 requests connections from the backend by host name; mail uses a socket that is connected the
same way. Every address of the name must be
allowed, so a name with a public and a private address is refused. The connection goes to one of the
checked addresses, never through a second resolution. TLS still checks the certificate against the
host name.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore2
import httpx2
from httpcore2 import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

from services.alerts.delivery.adapters.name_resolver import CannotResolve, Resolve
from services.alerts.delivery.domain.address_policy import AddressPolicy, check_address

_MOST_ADDRESSES_DIALLED = 3


class AddressDenied(Exception):
    """The name resolves to an address that webhooks must not reach."""


class GuardedBackend(AsyncNetworkBackend):
    """Opens connections to checked addresses only.

    With `only_allowed_networks` not even public addresses are dialled: plain HTTP and unusual
    ports are for the networks that the bank has named.
    """

    def __init__(
        self, *, policy: AddressPolicy, only_allowed_networks: bool, resolver: Resolve
    ) -> None:
        self._policy = policy
        self._only_allowed_networks = only_allowed_networks
        self._resolver = resolver
        self._dialler = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore2's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """Connects to one of the host's addresses after checking all of them."""
        addresses = await self._resolver(host, port)
        check_all(
            host,
            addresses,
            policy=self._policy,
            only_allowed_networks=self._only_allowed_networks,
        )
        failure: Exception = CannotResolve(f"{host} has no address")
        for address in addresses[:_MOST_ADDRESSES_DIALLED]:
            try:
                return await self._dialler.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore2's
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """Refuses: a webhook never goes to a local socket."""
        raise AddressDenied("unix sockets are never dialled")

    async def sleep(self, seconds: float) -> None:
        """Waits; httpcore2 calls it between its own retries, which are switched off."""
        await self._dialler.sleep(seconds)


def check_all(
    host: str, addresses: Sequence[str], *, policy: AddressPolicy, only_allowed_networks: bool
) -> None:
    """Checks every address of a name.

    Raises:
        AddressDenied: If one of them must not be dialled.
    """
    for address in addresses:
        verdict = check_address(address, policy=policy)
        is_named = verdict.is_allowed and verdict.reason != "public"
        if not verdict.is_allowed:
            raise AddressDenied(f"{host}: {verdict.reason}")
        if only_allowed_networks and not is_named:
            raise AddressDenied(
                f"{host}: {address} is outside the allowed networks, where "
                "unencrypted connections and unusual ports end"
            )


async def connect_checked(
    host: str,
    port: int,
    *,
    policy: AddressPolicy,
    only_allowed_networks: bool,
    resolver: Resolve,
) -> socket.socket:
    """Connects a socket to one of a host's addresses after checking all of them."""
    addresses = await resolver(host, port)
    check_all(host, addresses, policy=policy, only_allowed_networks=only_allowed_networks)
    failure: OSError | CannotResolve = CannotResolve(f"{host} has no address")
    for address in addresses[:_MOST_ADDRESSES_DIALLED]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """The transport of httpx2 on the guarded backend; no proxy, no retries, no environment."""

    def __init__(self, backend: GuardedBackend, *, ssl_context: ssl.SSLContext) -> None:
        super().__init__(verify=ssl_context, trust_env=False, retries=0)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context,
            # The dispatcher bounds what is under way; waiting for a slot here would let one
            # endpoint use up the deadline of another.
            max_connections=None,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            http1=True,
            http2=False,
            retries=0,
            network_backend=backend,
        )
