"""Decides which network addresses may be dialled: public ones, and networks that the bank names.

The SSRF guard calls it at connect time with the address that is dialled, the registration with
literal addresses. An address is denied unless it is certainly public: `ipaddress.is_global` is not
used, because it accepts addresses that lead inside (NAT64, 6to4, site-local, IPv4 in IPv6).
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
_CLOSED_IPV4 = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "carrier-grade NAT",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("168.63.129.16/32"): "a cloud's own metadata service on a public address",
    IPv4Network("169.254.0.0/16"): "link-local, cloud metadata",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "protocol assignments",
    IPv4Network("192.0.2.0/24"): "documentation",
    IPv4Network("192.31.196.0/24"): "AS112",
    IPv4Network("192.52.193.0/24"): "AMT relays",
    IPv4Network("192.88.99.0/24"): "6to4 relays",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("192.175.48.0/24"): "AS112",
    IPv4Network("198.18.0.0/15"): "benchmarking",
    IPv4Network("198.51.100.0/24"): "documentation",
    IPv4Network("203.0.113.0/24"): "documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved, broadcast",
}
# Only global unicast is public in IPv6; these parts of it are not, or wrap another address.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_CLOSED_IPV6 = {
    IPv6Network("2001::/23"): "protocol assignments, Teredo, benchmarking, ORCHID",
    IPv6Network("2001:db8::/32"): "documentation",
    IPv6Network("2002::/16"): "6to4, wraps an IPv4 address",
    IPv6Network("2620:4f:8000::/48"): "AS112",
    IPv6Network("3ffe::/16"): "former 6bone",
    IPv6Network("3fff::/20"): "documentation",
    # Outside global unicast; listed so that the refusal names the reason.
    IPv6Network("::/128"): "unspecified",
    IPv6Network("::1/128"): "loopback",
    IPv6Network("::ffff:0:0/96"): "IPv4-mapped",
    IPv6Network("::ffff:0:0:0/96"): "IPv4-translated",
    IPv6Network("64:ff9b::/96"): "NAT64, wraps an IPv4 address",
    IPv6Network("64:ff9b:1::/48"): "local NAT64",
    IPv6Network("fc00::/7"): "unique local",
    IPv6Network("fe80::/10"): "link-local",
    IPv6Network("fec0::/10"): "site-local",
    IPv6Network("ff00::/8"): "multicast",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressVerdict:
    """Whether an address or a URL may be dialled, and the reason."""

    is_allowed: bool
    reason: str


ALLOWED = AddressVerdict(is_allowed=True, reason="public")


def denied(reason: str) -> AddressVerdict:
    """Returns a refusal."""
    return AddressVerdict(is_allowed=False, reason=reason)


def check_address(text: str, *, allowed_networks: tuple[Network, ...] = ()) -> AddressVerdict:
    """Checks one address as text, as a resolver returns it."""
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
    for network, reason in _CLOSED_IPV4.items():
        if address in network:
            return denied(f"{address} is not public ({reason}, {network})")
    return ALLOWED


def _check_ipv6(address: IPv6Address) -> AddressVerdict:
    for network, reason in _CLOSED_IPV6.items():
        if address in network:
            return denied(f"{address} is not public ({reason}, {network})")
    if address not in _GLOBAL_UNICAST:
        return denied(f"{address} is not public (outside global unicast {_GLOBAL_UNICAST})")
    return ALLOWED
