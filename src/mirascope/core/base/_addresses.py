"""Which addresses a download may reach: what a URL really names, and what kind of address that is.

Nothing here touches the network. The kinds are those of IANA's registries, and what is known of
clouds; `ipaddress.is_global` is not enough: it lets through `192.0.0.192`, `64:ff9b:1::1` and
`2002:7f00:1::`.

Sources: https://www.iana.org/assignments/iana-ipv4-special-registry,
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Literal, TypeAlias
from urllib.parse import quote

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

Kind = Literal["public", "private", "metadata", "special"]
"""`private` is this machine and its own networks, `metadata` hands out a machine's credentials, and
`special` is what serves nobody's media."""

# The first network that has the address says what it is.
_BLOCKS: tuple[tuple[str, Kind, str], ...] = (
    ("169.254.169.254/32", "metadata", "the metadata service of a cloud"),
    ("169.254.170.0/24", "metadata", "the credentials service of a container"),
    ("100.100.100.200/32", "metadata", "the metadata service of Alibaba Cloud"),
    ("168.63.129.16/32", "metadata", "a service of Azure inside the machine's network"),
    ("192.0.0.192/32", "metadata", "the metadata service of Oracle Cloud"),
    ("fd00:ec2::/32", "metadata", "the metadata service of Amazon"),
    ("fd20:ce::254/128", "metadata", "the metadata service of Google Cloud"),
    ("fd00:c1::a9fe:a9fe/128", "metadata", "the metadata service of Oracle Cloud"),
    ("0.0.0.0/8", "special", "this network"),
    ("10.0.0.0/8", "private", "a private network"),
    ("100.64.0.0/10", "private", "a network shared by a provider's customers"),
    ("127.0.0.0/8", "private", "loopback"),
    ("169.254.0.0/16", "special", "link-local"),
    ("172.16.0.0/12", "private", "a private network"),
    ("192.0.0.0/24", "special", "reserved for protocols"),
    ("192.0.2.0/24", "special", "for documentation"),
    ("192.88.99.0/24", "special", "a 6to4 relay"),
    ("192.168.0.0/16", "private", "a private network"),
    ("198.18.0.0/15", "special", "for benchmarks"),
    ("198.51.100.0/24", "special", "for documentation"),
    ("203.0.113.0/24", "special", "for documentation"),
    ("224.0.0.0/4", "special", "multicast"),
    ("240.0.0.0/4", "special", "reserved"),
    ("::1/128", "private", "loopback"),
    ("::/96", "special", "unspecified or IPv4-compatible"),
    ("::ffff:0:0:0/96", "special", "IPv4-translated"),
    ("64:ff9b:1::/48", "special", "a local translation to IPv4"),
    ("2001::/23", "special", "reserved for protocols, Teredo among them"),
    ("2001:db8::/32", "special", "for documentation"),
    ("2002::/16", "special", "6to4, which carries an IPv4 address"),
    ("3ffe::/16", "special", "returned to the registry"),
    ("3fff::/20", "special", "for documentation"),
    ("fc00::/7", "private", "a private network"),
    ("fe80::/10", "special", "link-local"),
    ("fec0::/10", "special", "site-local"),
    ("ff00::/8", "special", "multicast"),
    ("2000::/3", "public", "public"),
    ("::/0", "special", "not assigned"),
    ("0.0.0.0/0", "public", "public"),
)
_NETWORKS: tuple[tuple[Network, Kind, str], ...] = tuple(
    (ip_network(block), kind, title) for block, kind, title in _BLOCKS
)

_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")


def read_address(text: str) -> Address:
    """An address as the resolver writes it, without the zone of a link-local one."""
    return ip_address(text.partition("%")[0])


def real_address(address: Address) -> Address:
    """Where a connection ends up: IPv4 that is written as IPv6, or reached through NAT64."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def kind_of(address: Address) -> tuple[Kind, str]:
    """The kind of an address, and in words what it is."""
    real = real_address(address)
    return next((kind, title) for network, kind, title in _NETWORKS if real in network)


def is_in(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address, or the IPv4 address inside it, is in one of the networks."""
    return any(each in network for network in networks for each in (address, real_address(address)))


@dataclass(frozen=True, slots=True)
class WebAddress:
    """What a URL asks of whom."""

    scheme: str
    host: str
    """In lower case and ASCII; an IPv6 address without its brackets."""
    port: int
    target: str
    """Path and query."""
    address: Address | None
    """The host, where it is an address and not a name."""

    @property
    def authority(self) -> str:
        """Host and port as a `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        # Without the query, which may hold a signature.
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"


_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?")
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_KEPT_IN_TARGET = "%/:=&?~+!$,;'@()*[]|"


def read_url(url: str) -> WebAddress:
    """What an http(s) URL names.

    Raises ValueError, saying why, for one that programs may read in different ways: what was
    checked must be what is asked.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("it is no http(s) URL")
    if _UNSAFE.search(url):
        raise ValueError("it holds a space, a control character or a backslash")
    scheme, authority, target = match[1].lower(), match[2], match[3]
    if "@" in authority:
        raise ValueError("it holds a user name or a password")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ValueError("its host or port is not well-formed")
    host, address = _read_host(parts[1])
    port = int(parts[2] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise ValueError(f"{port} is no port")
    target = quote(target if target.startswith("/") else f"/{target}", safe=_KEPT_IN_TARGET)
    return WebAddress(scheme, host, port, target, address)


def _read_host(text: str) -> tuple[str, Address | None]:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except ValueError as error:
            raise ValueError(f"its host is no address: {error}") from None
        return str(address), address
    host = _ascii(text).lower().removesuffix(".")
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise ValueError("its host is neither a name nor an address")
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return host, None
    try:
        return host, IPv4Address(host)
    except ValueError:
        # Octal, hexadecimal, a single number: programs do not agree on what they mean.
        raise ValueError("its host is a number but no address in the usual form") from None


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("its host is no valid name") from None
