"""Decides which URLs and which network addresses may be dialled.

A URL is checked when an endpoint is registered and before each attempt. What two parsers could read
as different hosts is refused, not interpreted: user info, back slashes, white space, non-ASCII,
numbers in another base, a percent sign in the host.

The SSRF guard checks the address that it dials. Public addresses are allowed, and networks that the
bank names. An address is denied unless it is certainly public: `ipaddress.is_global` is not used,
because it accepts addresses that lead inside (NAT64, 6to4, site-local, IPv4 in IPv6).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

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
# The interface identifiers of ISATAP; any prefix may come before them.
_ISATAP = frozenset({b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe"})
# What a network's own NAT64 translates to a machine inside. The other closed networks lead nowhere,
# and their numbers are common in public addresses (::1, ::face:1).
_TRANSLATED_INSIDE = tuple(
    map(
        IPv4Network,
        (
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
        ),
    )
)


DEFAULT_PORTS = frozenset({443, 8443})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """What an installation opens beyond the public internet; by default nothing.

    `allowed_networks` are the bank's own networks with receivers. `allows_http` and
    `allows_any_port` apply only to hosts in those networks; the SSRF guard checks the address at
    connect time. `denied_networks` lead inside although they are public, such as the prefix of the
    bank's own NAT64; they win over what is allowed.
    """

    allowed_networks: tuple[Network, ...] = ()
    denied_networks: tuple[Network, ...] = ()
    allowed_ports: frozenset[int] = DEFAULT_PORTS
    allows_http: bool = False
    allows_any_port: bool = False
    allows_inside_names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressVerdict:
    """Whether an address or a URL may be dialled, and the reason."""

    is_allowed: bool
    reason: str


ALLOWED = AddressVerdict(is_allowed=True, reason="public")


def denied(reason: str) -> AddressVerdict:
    """Returns a refusal."""
    return AddressVerdict(is_allowed=False, reason=reason)


def check_address(text: str, *, policy: AddressPolicy) -> AddressVerdict:
    """Checks one address as text, as a resolver returns it."""
    if "%" in text:
        return denied(f"{text} carries a zone, so it is link-local")
    try:
        address = ip_address(text)
    except ValueError:
        return denied(f"{text!r} is not an IP address")
    for network in policy.denied_networks:
        if address.version == network.version and address in network:
            return denied(f"{address} is in the denied network {network}")
    for network in policy.allowed_networks:
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
    if address.packed[8:12] in _ISATAP:
        return denied(f"{address} is not public (ISATAP, wraps an IPv4 address)")
    for wrapped in _translated(address.packed):
        if any(wrapped in network for network in _TRANSLATED_INSIDE):
            return denied(f"{address} wraps {wrapped}, as a NAT64 of the network translates it")
    return ALLOWED


def _translated(packed: bytes) -> Iterator[IPv4Address]:
    """Yields the IPv4 addresses that an address may wrap under RFC 6052, one per prefix length.

    An operator chooses the prefix, so it cannot be known. Byte 8 is zero, and so is what follows
    the IPv4 address; before it, only the longest prefix has room for bytes of its own.
    """
    if packed[8] == 0:
        for length in (4, 5, 6, 7, 8):
            digits = (packed[length:8] + packed[9:])[:4]
            if not any(packed[length + 5 :]):
                yield IPv4Address(digits)
        if not any(packed[8:12]):
            yield IPv4Address(packed[12:])


_DEFAULT_PORT = {"https": 443, "http": 80}
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_DOTTED_QUAD = re.compile(r"(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}", re.ASCII)
# No top-level domain begins with a digit; what does may be a number to some parser (0x7f, 1e0).
_LOOKS_LIKE_A_NUMBER = re.compile(r"\d.*", re.ASCII)
# Names that resolvers answer from the machine or the local network without the DNS.
_INSIDE_SUFFIXES = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "in-addr.arpa",
    "ip6.arpa",
    "onion",
    "test",
    "invalid",
    "example",
)


def check_url(url: str, *, policy: AddressPolicy) -> AddressVerdict:
    """Checks the form of a URL and its host; a name is checked again at connect time."""
    odd = _odd_characters(url)
    if odd is not None:
        return denied(odd)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return denied(f"it cannot be parsed: {error}")
    verdict = _check_scheme(parts, policy)
    if verdict.is_allowed:
        verdict = _check_authority(parts)
    if verdict.is_allowed:
        verdict = _check_port(parts.scheme, port, policy)
    if verdict.is_allowed:
        verdict = check_host(parts.hostname or "", policy=policy)
    return verdict


def check_host(host: str, *, policy: AddressPolicy) -> AddressVerdict:
    """Checks a host: a literal address by its address, a name by its form."""
    if not host:
        return denied("it has no host")
    if ":" in host or _DOTTED_QUAD.fullmatch(host):
        return check_address(host, policy=policy)
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if _LOOKS_LIKE_A_NUMBER.fullmatch(labels[-1]):
        return denied(
            f"host {host!r} ends in a number without being a plain dotted IPv4 address; "
            "write the address as four decimal numbers"
        )
    if len(name) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        return denied(f"host {host!r} is not a DNS name; write international names in punycode")
    if policy.allows_inside_names:
        return ALLOWED
    return _check_name(name, labels)


def needs_allowed_network(url: str, *, policy: AddressPolicy) -> bool:
    """Returns whether a valid URL may only be dialled inside the allowed networks.

    Plain HTTP and unusual ports are for the bank's own networks, not for the internet.
    """
    parts = urlsplit(url)
    port = parts.port if parts.port is not None else _DEFAULT_PORT[parts.scheme]
    return parts.scheme != "https" or port not in policy.allowed_ports


def _check_name(name: str, labels: list[str]) -> AddressVerdict:
    if len(labels) == 1:
        return denied(f"host {name!r} is a single label, so it means something on the inside")
    for suffix in _INSIDE_SUFFIXES:
        if name == suffix or name.endswith(f".{suffix}"):
            return denied(f"host {name!r} ends in .{suffix}, which is not on the public internet")
    return ALLOWED


def _odd_characters(url: str) -> str | None:
    if not url.isascii():
        return "it has non-ASCII characters; write international names in punycode"
    if any(character <= " " or character == "\x7f" for character in url):
        return "it has white space or control characters"
    if "\\" in url:
        return "it has a back slash"
    return None


def _check_scheme(parts: SplitResult, policy: AddressPolicy) -> AddressVerdict:
    if parts.scheme == "https" or (parts.scheme == "http" and policy.allows_http):
        return ALLOWED
    return denied(f"scheme {parts.scheme or '(none)'!r} is not allowed; use https")


def _check_authority(parts: SplitResult) -> AddressVerdict:
    if "@" in parts.netloc:
        return denied("it has user info; put credentials nowhere, messages are signed")
    if "%" in parts.netloc:
        return denied("its host has a percent sign")
    if parts.netloc.startswith("[") and ":" not in (parts.hostname or ""):
        return denied("its host in brackets is not an IPv6 address")
    if parts.fragment:
        return denied("it has a fragment, which is never sent")
    return ALLOWED


def _check_port(scheme: str, port: int | None, policy: AddressPolicy) -> AddressVerdict:
    effective = port if port is not None else _DEFAULT_PORT[scheme]
    if policy.allows_any_port or effective in policy.allowed_ports:
        return ALLOWED
    ports = ", ".join(str(allowed) for allowed in sorted(policy.allowed_ports))
    return denied(f"port {effective} is not allowed; the allowed ones are {ports}")
