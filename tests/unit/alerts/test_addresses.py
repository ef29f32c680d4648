"""Where a webhook may not go: every special network at both ends, and every odd spelling."""

from ipaddress import ip_address, ip_network

import pytest

from services.alerts.delivery.domain.address_policy import (
    LOOPBACK,
    AddressPolicy,
    check_address,
    check_url,
    needs_allowed_network,
)

CLOSED = AddressPolicy()
DEVELOPMENT = AddressPolicy(
    allowed_networks=LOOPBACK, allows_http=True, allows_any_port=True, allows_inside_names=True
)

# IANA's special-purpose registries (IPv4 and IPv6), multicast, reserved, former and
# transitional ranges that lead to an inside address on some network.
INSIDE_NETWORKS = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "233.252.0.0/24",
    "239.0.0.0/8",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3ffe::/16",
    "3fff::/20",
    "4000::/3",
    "5f00::/16",
    "6000::/3",
    "8000::/1",
    "fc00::/7",
    "fd00::/8",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
ENDS = [
    str(end)
    for network in map(ip_network, INSIDE_NETWORKS)
    for end in (network.network_address, network.broadcast_address)
]

# Inside IPv4 addresses wrapped in IPv6, as a resolver or an attacker may write them.
INSIDE_IPV4 = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "0.0.0.0")


def wrapped(text: str) -> list[str]:
    number = int(ip_address(text))
    high, low = number >> 16, number & 0xFFFF
    return [
        f"::ffff:{text}",
        f"::ffff:0:{text}",
        f"::{text}",
        f"64:ff9b::{text}",
        f"64:ff9b::{high:x}:{low:x}",
        f"64:ff9b:1::{high:x}:{low:x}",
        f"2002:{high:x}:{low:x}::1",
        f"2001:0:{high:x}:{low:x}::1",
        f"fe80::5efe:{text}",
        # ISATAP behind any prefix, with the universal bit and without.
        f"2a00:1450:4001:7::5efe:{text}",
        f"2a00:1450:4001:7:200:5efe:{text}",
    ]


def teredo(text: str) -> list[str]:
    """The client's address is inverted (RFC 4380), the server's is plain."""
    number = int(ip_address(text))
    inverted = number ^ 0xFFFFFFFF
    return [
        f"2001:0:5db8:d822:0:f227:{inverted >> 16:x}:{inverted & 0xFFFF:x}",
        f"2001:0:{number >> 16:x}:{number & 0xFFFF:x}:8000:f227:{inverted >> 16:x}:fffe",
    ]


# 10.0.0.1 and 169.254.169.254 behind prefixes of a NAT64 of 32, 40, 48, 56, 64 and 96 bits.
TRANSLATED = (
    "2a00:1450:a00:1::",
    "2a00:1450:a9fe:a9fe::",
    "2a00:1450:40a:0:1::",
    "2a00:1450:4a9:fea9:fe::",
    "2a00:1450:4001:a00:0:100::",
    "2a00:1450:4001:a9fe:a9:fe00::",
    "2a00:1450:4001:70a:0:1::",
    "2a00:1450:4001:7a9:fe:a9fe::",
    "2a00:1450:4001:7:a:0:100:0",
    "2a00:1450:4001:7:a9:fea9:fe00:0",
    "2a00:1450:4001:7::a00:1",
    "2a00:1450:4001:7::a9fe:a9fe",
)


WRAPPED = [address for text in INSIDE_IPV4 for address in wrapped(text)]
TEREDO = [address for text in INSIDE_IPV4 for address in teredo(text)]
KNOWN_METADATA = (
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:ec2::254",
    "fd20:ce::254",
)
NOT_ADDRESSES = (
    *("", " ", "localhost", "127.1", "0x7f000001", "2130706433", "017700000001", "1.2.3"),
    *("0251.0376.0251.0376", "169.254.43518", "127.0.0.1.", "127.0.0.01", "1.1.1.1/32", "[::1]"),
    *("::ffff:127.1", "1.1.1.1\n", " 1.1.1.1", "１.1.1.1", "::1::", "0x7f.0.0.1"),
)
ZONES = ("fe80::1%eth0", "::1%lo", "2606:4700::1111%1", "fe80::1%25eth0", "1.1.1.1%eth0", "::1%")

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "3fff:1000::1",
    # Public addresses that only look like a translation: the wrapped address leads nowhere inside.
    "2606:4700:10::6816:1234",
    "2a03:2880:f12f:83:face:b00c:0:25de",
    "2a00:1450:4001:7::face:1",
    "2600:9000:2490:7c00:a:da5e:7900:93a1",
)


@pytest.mark.parametrize("address", ENDS)
def test_both_ends_of_every_special_network_are_closed(address: str) -> None:
    assert not check_address(address, policy=CLOSED).is_allowed


@pytest.mark.parametrize("address", WRAPPED)
def test_an_inside_address_wrapped_in_ipv6_is_closed(address: str) -> None:
    assert not check_address(address, policy=CLOSED).is_allowed


@pytest.mark.parametrize("address", TEREDO)
def test_an_inside_address_behind_teredo_is_closed(address: str) -> None:
    assert not check_address(address, policy=CLOSED).is_allowed


@pytest.mark.parametrize("address", TRANSLATED)
def test_an_inside_address_behind_any_nat64_prefix_is_closed(address: str) -> None:
    assert not check_address(address, policy=CLOSED).is_allowed


@pytest.mark.parametrize("address", [*NOT_ADDRESSES, *ZONES])
def test_what_is_no_plain_address_is_closed(address: str) -> None:
    assert not check_address(address, policy=CLOSED).is_allowed


@pytest.mark.parametrize("address", KNOWN_METADATA)
def test_the_metadata_services_of_the_clouds_are_closed(address: str) -> None:
    assert not check_address(address, policy=CLOSED).is_allowed


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert check_address(address, policy=CLOSED).is_allowed


def test_a_named_network_opens_itself_and_nothing_beside_it() -> None:
    named = AddressPolicy(allowed_networks=(ip_network("10.20.0.0/16"),))
    assert check_address("10.20.255.255", policy=named).is_allowed
    assert not check_address("10.21.0.0", policy=named).is_allowed
    assert not check_address("::ffff:10.20.0.1", policy=named).is_allowed


def test_a_denied_network_wins_over_what_is_public_and_what_is_allowed() -> None:
    policy = AddressPolicy(
        allowed_networks=(ip_network("10.0.0.0/8"),),
        denied_networks=(ip_network("2a00:64::/96"), ip_network("10.9.0.0/16")),
    )
    # The NAT64 of the bank's network, also where it leads to a public address.
    assert not check_address("2a00:64::5db8:d822", policy=policy).is_allowed
    assert not check_address("10.9.0.1", policy=policy).is_allowed
    assert check_address("10.8.0.1", policy=policy).is_allowed


ODD_HOSTS = (
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.1",
    "127.0.1",
    "0",
    "0.0.0.0",
    "00.0.0.0",
    "127.0.0.01",
    "127.000.000.001",
    "127.0.0.1.",
    "1.2.3.4.5",
    "256.256.256.256",
    "999.1.1.1",
    "1.1.1.0x1",
    "example.0",
    "example.0x",
    # 169.254.169.254 in octal, hexadecimal, mixed and short forms, and 127.0.0.1 beyond 32 bits.
    *("0251.0376.0251.0376", "0251.254.169.254", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE"),
    *("2852039166", "0xa9.254.0251.0xfe", "169.254.43518", "169.16689662", "025177524776"),
    *("6425673729", "0x17f000001", "0X7F000001", "0x0000007f000001", "+127.0.0.1", "127.0.0.1e0"),
    *("-1", "127.-0.0.1", "0b1111111.0.0.1", "0o177.0.0.1", "127.0.0.0x1", "127.0.0.1a.0"),
    # Dots at the end, dots of other scripts, digits of other scripts, letters in circles.
    *("127.0.0.1..", "localhost..", "com..", "127｡0｡0｡1", "127．0．0．1", "١٢٧.0.0.1", "①②⑦.0.0.1"),
    *("𝟏𝟐𝟕.0.0.1", "127.0.0.1\u200b", "loc\u00adalhost", "ﬁle.lan", "metadata.google.internal."),
    "[::1]",
    "[::]",
    "[::ffff:0:7f00:1]",
    "[::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2001::7f00:1]",
    "[2001:0:5db8:d822:0:f227:80ff:fffe]",
    "[2a00:1450:4001:7::5efe:7f00:1]",
    "[2a00:1450:4001:7:200:5efe:7f00:1]",
    "[2a00:1450:4001:7::a9fe:a9fe]",
    "[fe80::1%eth0]",
    "[::1%25lo]",
    "[::1].",
    "[::1.]",
    "::1",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[::127.0.0.1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "localhost.localdomain",
    "printer.local",
    "vault.internal",
    "metadata.google.internal",
    "intranet",
    "db",
    "router.lan",
    "nas.home.arpa",
    "1.0.0.127.in-addr.arpa",
    "hidden.onion",
    "a.test",
    "a.invalid",
    "a.example",
    "-a.com",
    "a-.com",
    "a..com",
    ".com",
    "a" * 64 + ".com",
    ".".join(["a" * 60] * 5),
    "exa mple.com",
    "exa\tmple.com",
    "exa\nmple.com",
    "ex%61mple.com",
    "127.0.0.1%00.example.com",
    "１２７.0.0.1",
    "127。0。0。1",
    "ⓛocalhost",
    "bücher.com",
    "a,b.com",
    "a;b.com",
    "a*b.com",
)
ODD_URLS = (
    "",
    "hooks.bank.com/x",
    "//hooks.bank.com/x",
    "http://hooks.bank.com/x",
    "ftp://hooks.bank.com/x",
    "file:///etc/passwd",
    "gopher://hooks.bank.com/x",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:///var/run/docker.sock",
    "https:///x",
    "https://",
    "https:hooks.bank.com",
    "https://user@hooks.bank.com/",
    "https://user:pass@hooks.bank.com/",
    "https://hooks.bank.com@127.0.0.1/",
    "https://127.0.0.1@hooks.bank.com/",
    "https://@hooks.bank.com/",
    "https://:@hooks.bank.com/",
    "https://hooks.bank.com%40127.0.0.1/",
    "https://127.0.0.1%2f@hooks.bank.com/",
    "https://hooks.bank.com#@127.0.0.1/",
    "https://hooks.bank.com&@127.0.0.1/",
    "https://hooks.bank.com;@127.0.0.1/",
    "https://hooks.bank.com:443@127.0.0.1:443/",
    "https://[::1]@hooks.bank.com/",
    "https://hooks.bank.com:443:22/",
    "https://[::ffff:1.1.1.1]/",
    "https:/\t/127.0.0.1/",
    "https:///127.0.0.1/",
    "https:////127.0.0.1/",
    "https:127.0.0.1",
    "HTTP://127.0.0.1/",
    "ws://127.0.0.1/",
    "dict://127.0.0.1:11211/",
    "ldap://127.0.0.1/",
    "jar:https://hooks.bank.com!/",
    "netdoc:///etc/passwd",
    "https://hooks.bank.com\\@127.0.0.1/",
    "https://hooks.bank.com\\.evil.com/",
    "https:\\\\hooks.bank.com/",
    "https://hooks.bank.com/#fragment",
    "https://hooks.bank.com:22/",
    "https://hooks.bank.com:25/",
    "https://hooks.bank.com:80/",
    "https://hooks.bank.com:0/",
    "https://hooks.bank.com:5432/",
    "https://hooks.bank.com:6379/",
    "https://hooks.bank.com:9092/",
    "https://hooks.bank.com:65535/",
    "https://hooks.bank.com:65536/",
    "https://hooks.bank.com:-1/",
    "https://hooks.bank.com:443x/",
    "https://hooks.bank.com: 443/",
    " https://hooks.bank.com/",
    "https://hooks.bank.com/ x",
    "https://hooks.bank.com/\r\nHost: evil",
    "https://hooks.bank.com/\x00",
    "https://hooks.bank.com/\x7f",
    "https://[::1/",
    "https://[hooks.bank.com]/",
    "https://[v1.fe]/",
)
GOOD_URLS = (
    "https://hooks.bank.com",
    "https://hooks.bank.com/",
    "https://hooks.bank.com./x",
    "https://hooks.bank.com:443/x",
    "https://hooks.bank.com:8443/x?a=b&c=d",
    "HTTPS://HOOKS.BANK.COM/x",
    "https://xn--bcher-kva.com/x",
    "https://a_b.bank.com/x",
    "https://1and1.com/x",
    "https://93.184.216.34/x",
    "https://[2606:4700:4700::1111]/x",
    "https://hooks.bank.com/%7Euser/a%20b",
)


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_no_spelling_of_an_inside_host_is_registered(host: str) -> None:
    assert not check_url(f"https://{host}/hook", policy=CLOSED).is_allowed


@pytest.mark.parametrize("url", ODD_URLS)
def test_no_url_that_parsers_could_read_differently_is_registered(url: str) -> None:
    verdict = check_url(url, policy=CLOSED)
    assert not verdict.is_allowed
    assert verdict.reason


@pytest.mark.parametrize("address", [*ENDS, *WRAPPED, *TEREDO, *TRANSLATED, *KNOWN_METADATA])
def test_a_literal_inside_address_is_not_registered(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert not check_url(f"https://{host}/hook", policy=CLOSED).is_allowed


@pytest.mark.parametrize("url", GOOD_URLS)
def test_a_proper_public_url_is_registered(url: str) -> None:
    assert check_url(url, policy=CLOSED).is_allowed
    assert not needs_allowed_network(url, policy=CLOSED)


def test_a_development_machine_opens_loopback_and_nothing_else() -> None:
    for url in ("http://127.0.0.1:9000/x", "http://localhost:9000/x", "http://[::1]:9000/x"):
        assert check_url(url, policy=DEVELOPMENT).is_allowed
        assert needs_allowed_network(url, policy=DEVELOPMENT)
    for url in ("http://10.0.0.1/x", "http://169.254.169.254/", "http://2130706433/"):
        assert not check_url(url, policy=DEVELOPMENT).is_allowed


def test_there_are_at_least_500_forms() -> None:
    addresses = [*ENDS, *WRAPPED, *TEREDO, *TRANSLATED, *KNOWN_METADATA]
    others = [*NOT_ADDRESSES, *ZONES, *ODD_HOSTS, *ODD_URLS]
    # Each address as an answer of a resolver, and as the host of a URL.
    assert 2 * len(addresses) + len(others) >= 500
