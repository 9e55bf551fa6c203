"""Which network addresses a fetch may connect to. Text that names one is hostile until its numbers are checked."""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence

Resolver = Callable[[str, int], Sequence[str]]
"""Host name and port → IP addresses as text, best first. Raises OSError when the name has none."""

_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOST_NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")

_METADATA = {
    "169.254.169.254": "AWS, Google Cloud, Azure and others",
    "fd00:ec2::254": "AWS",
    "100.100.100.200": "Alibaba Cloud",
    "192.0.0.192": "Oracle Cloud",
    "168.63.129.16": "Azure; in a public range, so no range check finds it",
}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address that is reached
_TRANSLATED = (
    (ipaddress.IPv6Network("64:ff9b:1::/48"), "a local NAT64"),  # RFC 8215
    (ipaddress.IPv6Network("2002::/16"), "a 6to4"),  # RFC 7526 retired it; it embeds any IPv4 address
    (ipaddress.IPv6Network("2001::/32"), "a Teredo"),  # RFC 4380, likewise
)
_RELAY_6TO4 = ipaddress.IPv4Network("192.88.99.0/24")  # RFC 7526: deprecated anycast, reported as global


def system_resolver(host: str, port: int) -> list[str]:
    """The operating system's answer, in its order of preference, without duplicates. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def literal_address(host: str) -> str | None:
    """`host` when it is an IP address in its usual form; None when it is a name.

    Raises ValueError for what is neither: decimal, octal, hexadecimal or short forms of an address ("2130706433",
    "0177.0.0.1", "127.1"), which resolvers read as addresses, and characters no host name has.
    """
    bare = host.removesuffix(".")
    if ":" in bare:
        return str(ipaddress.IPv6Address(bare))
    if _NUMBER.fullmatch(bare.rpartition(".")[2]):
        return str(ipaddress.IPv4Address(bare))
    if not _HOST_NAME.fullmatch(bare):
        raise ValueError(f"{host!r} is no host name")
    return None


def refusal(address: str, *, allow_private: bool) -> str | None:
    """Why `address` may not be connected to ("a loopback address"); None when it may.

    Only public unicast addresses pass. `allow_private` adds private ranges and loopback, for an intranet; metadata
    services, link-local, multicast, unspecified, reserved and IPv4-mapped addresses never pass.
    """
    try:
        parsed: _IPAddress = ipaddress.ip_address(address)
    except ValueError:
        return "no valid IP address"
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = ipaddress.IPv6Address(int(parsed))  # without a scope ("%eth0"), which would hide it from comparisons
        if parsed.ipv4_mapped is not None:
            return "an IPv4-mapped address"
        for network, name in _TRANSLATED:
            if parsed in network:
                return f"{name} address"
        if parsed in _NAT64:
            parsed = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
    return _never(parsed) or (None if allow_private else _not_public(parsed))


def _never(address: _IPAddress) -> str | None:
    if str(address) in _METADATA:
        return "a cloud metadata service"
    if address.is_unspecified or (address.version == 4 and int(address) < 1 << 24):  # 0.0.0.0/8 reaches this machine
        return "an unspecified address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    # Python counts ::1 and everything else under ::/8 as reserved; loopback is judged below.
    if (address.is_reserved and not address.is_loopback) or (address.version == 4 and address in _RELAY_6TO4):
        return "a reserved address"
    return None


def _not_public(address: _IPAddress) -> str | None:
    if address.is_loopback:
        return "a loopback address"
    if not address.is_global or (isinstance(address, ipaddress.IPv6Address) and address.is_site_local):
        return "a private address"
    return None
