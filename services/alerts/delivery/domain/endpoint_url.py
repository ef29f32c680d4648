"""Decides which URLs an endpoint may have, before anything is resolved.

Called when an endpoint is registered and again before each attempt. What two parsers could read as
different hosts is refused, not interpreted: user info, back slashes, white space, non-ASCII,
numbers in another base, a percent sign in the host.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from services.alerts.delivery.domain.addresses import (
    ALLOWED,
    AddressVerdict,
    Network,
    check_address,
    denied,
)

DEFAULT_PORTS = frozenset({443, 8443})
_DEFAULT_PORT = {"https": 443, "http": 80}
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_DOTTED_QUAD = re.compile(r"(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}", re.ASCII)
_LOOKS_LIKE_A_NUMBER = re.compile(r"(\d+|0x[0-9a-f]*)", re.ASCII)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """What an installation opens beyond the public internet; by default nothing.

    `allowed_networks` are the bank's own networks with receivers. `allows_http` and
    `allows_any_port` apply only to hosts in those networks; the SSRF guard checks the address at
    connect time.
    """

    allowed_networks: tuple[Network, ...] = ()
    allowed_ports: frozenset[int] = DEFAULT_PORTS
    allows_http: bool = False
    allows_any_port: bool = False
    allows_inside_names: bool = False


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
        return check_address(host, allowed_networks=policy.allowed_networks)
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
