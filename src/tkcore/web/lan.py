"""The address of this machine that a tablet on the same network comes to, and who listens there: TLS and nothing else.

It knows addresses and names; what is signed for them is `authority.py`'s.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path

from msgspec import Struct

from tkcore.errors import BadInput, NotFound

DOMAINS = ("local", "lan", "internal", "home.arpa")
"""Under these names no site of the internet lies."""
PRIVATE = tuple(
    IPv4Network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
)  # fmt: skip
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?:{'|'.join(map(re.escape, DOMAINS))})")
_ROUTES = Path("/proc/net/fib_trie")
_LOCAL = re.compile(r"\|-- ([0-9.]+)\n\s*/32 host LOCAL")
_ELSEWHERE = ("198.51.100.1", 9)
"""An address for documentation: nothing is sent there, it only has the system choose a way."""


def private(address: IPv4Address) -> bool:
    """Whether an address is one of a local network."""
    return any(address in net for net in PRIVATE)


class Place(Struct, frozen=True):
    """Where a tablet comes to: the address to listen at, and the names it answers to, the one for links first."""

    ip: str
    names: tuple[str, ...]


class Lan(Struct, frozen=True):
    """A socket on the local network, and what is needed to speak there."""

    socket: socket.socket
    context: ssl.SSLContext
    place: Place
    port: int
    certificate: bytes
    """The authority's, as a tablet installs it."""
    fingerprint: str
    fresh: bool

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(f"{name}:{self.port}" for name in self.place.names)

    @property
    def base(self) -> str:
        return f"https://{self.hosts[0]}"


def place(
    asked: str | None, *, host: str, found: Sequence[str], resolve: Callable[[str], list[str]]
) -> Place:
    """Return where to listen: at the address or name that is asked for, else at this machine's only or routed one.

    `found` are this machine's addresses, the routed one first. Raises BadInput, NotFound.
    """
    own = f"{host}.local"
    if asked is None:
        return Place(_first(found), (_first(found), own))
    try:
        ip = IPv4Address(asked)
    except AddressValueError:
        return _named(asked.lower().rstrip("."), own, found, resolve)
    if not private(ip):
        raise BadInput(
            "{address} is no address of a local network: tk serve is for a tablet in the same room, never for the internet. "
            "This machine has: {found}",
            address=asked, found=", ".join(found) or "-",
        )  # fmt: skip
    return Place(str(ip), (str(ip), own))


def _first(found: Sequence[str]) -> str:
    if not found:
        raise NotFound(
            "this machine has no address on a local network. Connect it to the Wi-Fi of the tablet, or let one of the two make "
            "a hotspot; or name the address: --address ADDRESS"
        )
    return found[0]


def _named(name: str, own: str, found: Sequence[str], resolve: Callable[[str], list[str]]) -> Place:
    if not _NAME.fullmatch(name):
        raise BadInput(
            "{name} is neither an IPv4 address nor a name of a local network: that ends in {domains}",
            name=name[:80], domains=", ".join(f".{domain}" for domain in DOMAINS),
        )  # fmt: skip
    if name == own:
        return Place(_first(found), (name, _first(found)))
    ips = resolve(name)
    ours = [ip for ip in ips if ip in found]
    if not ours:
        raise BadInput(
            "{name} is not this machine: it leads to {ips}, this machine has {found}",
            name=name, ips=", ".join(ips) or "-", found=", ".join(found) or "-",
        )  # fmt: skip
    return Place(ours[0], (name, ours[0], own))


def host(name: str) -> str:
    """Return a machine's name as it is said with .local behind it."""
    first = re.sub(r"[^a-z0-9-]+", "-", name.partition(".")[0].lower()).strip("-")[:63].strip("-")
    return first or "tkcore"


def addresses() -> list[str]:
    """Return this machine's private IPv4 addresses, the one that the network is reached by first."""
    found = [*_routed(), *_interfaces(), *resolved(socket.gethostname())]
    return [
        ip
        for ip in dict.fromkeys(found)
        if private(IPv4Address(ip)) and not IPv4Address(ip).is_loopback
    ]  # fmt: skip


def _routed() -> list[str]:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(_ELSEWHERE)
        return [probe.getsockname()[0]]
    return []


def _interfaces() -> list[str]:
    """Return what each network card has, where the system tells: a hotspot leads nowhere, and has an address all the same."""
    try:
        told = _ROUTES.read_text("ascii")
    except (OSError, UnicodeDecodeError):  # elsewhere than on Linux the machine's name leads to its addresses
        return []
    return _LOCAL.findall(told)


def resolved(name: str) -> list[str]:
    """Return the IPv4 addresses a name leads to; none where nobody knows it."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(where[4][0]) for where in found))
