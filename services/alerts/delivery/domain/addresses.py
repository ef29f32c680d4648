"""Which network addresses a webhook may be sent to: the public ones, and nothing else.

Called at connect time with the address that is really going to be dialled, and at
registration with literal addresses. Denied unless known to be public: `ipaddress.is_global`
is not used, because it calls public what leads inside (NAT64, 6to4, site-local, IPv4 in
IPv6). What a bank's own network needs is opened by naming the network, nothing else opens it.
"""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

# IANA's special-purpose registry for IPv4, with multicast and the former class E.
_CLOSED_IPV4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's own metadata service on a public address"),
        ("169.254.0.0/16", "link-local, cloud metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT relays"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved, broadcast"),
    )
)

# Only global unicast is public in IPv6; these parts of it are not, or wrap another address.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_CLOSED_IPV6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("2001::/23", "protocol assignments, Teredo, benchmarking, ORCHID"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4, wraps an IPv4 address"),
        ("2620:4f:8000::/48", "AS112"),
        ("3ffe::/16", "former 6bone"),
        ("3fff::/20", "documentation"),
    )
)
_WRAPPERS_IPV6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b::/96", "NAT64, wraps an IPv4 address"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressVerdict:
    """Whether something may be dialled, and why not."""

    is_allowed: bool
    reason: str


ALLOWED = AddressVerdict(is_allowed=True, reason="public")


def denied(reason: str) -> AddressVerdict:
    """Return a refusal."""
    return AddressVerdict(is_allowed=False, reason=reason)


def check_address(text: str, *, allowed_networks: tuple[Network, ...] = ()) -> AddressVerdict:
    """Judge one address as text, such as a resolver returned it."""
    if "%" in text:
        return denied(f"{text} carries a zone, so it is link-local")
    try:
        address = ip_address(text)
    except ValueError:
        return denied(f"{text!r} is not an IP address")
    for network in allowed_networks:
        if address.version == network.version and address in network:
            return AddressVerdict(is_allowed=True, reason=f"in the allowed network {network}")
    if isinstance(address, IPv4Address):
        return _check_ipv4(address)
    return _check_ipv6(address)


def _check_ipv4(address: IPv4Address) -> AddressVerdict:
    for network, reason in _CLOSED_IPV4:
        if address in network:
            return denied(f"{address} is not public ({reason}, {network})")
    return ALLOWED


def _check_ipv6(address: IPv6Address) -> AddressVerdict:
    if address not in _GLOBAL_UNICAST:
        for network, reason in _WRAPPERS_IPV6:
            if address in network:
                return denied(f"{address} is not public ({reason}, {network})")
        return denied(f"{address} is not public (outside global unicast {_GLOBAL_UNICAST})")
    for network, reason in _CLOSED_IPV6:
        if address in network:
            return denied(f"{address} is not public ({reason}, {network})")
    return ALLOWED
