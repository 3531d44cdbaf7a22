"""Linux's answers about links, addresses and routes as values; pure. The format is rtnetlink(7)'s; any bytes give a value."""

from __future__ import annotations

import ipaddress
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from t4t.domain.host_events import Route
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_LINK, NEW_ADDRESS, NEW_ROUTE = 16, 20, 24
DUMPS: Final = (18, 22, 26)
"""The requests for all links, all addresses, all routes."""
ERROR, DONE = 2, 3
_HEADER: Final = struct.Struct("=IHHII")
_INTERRUPTED: Final = 0x10
_LINK: Final = struct.Struct("=BxHiII")
_ADDRESS: Final = struct.Struct("=BBBBI")
_ROUTE: Final = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE: Final = struct.Struct("=HH")
_HOP: Final = struct.Struct("=HBBi")
_TYPE_MASK: Final = 0x3FFF
_LINK_NAME, _ADDRESS_PREFIX, _ADDRESS_LOCAL, _ADDRESS_FLAGS, _ROUTE_LINK, _ROUTE_HOPS = 3, 1, 2, 8, 4, 9
_UP_AND_RUNNING: Final = 0x1 | 0x40
_LOOPBACK: Final = 0x8
_INET6: Final = 10
_TEMPORARY: Final = 0x01
_DEPRECATED_OR_TENTATIVE: Final = 0x20 | 0x40 | 0x08
_EVERYWHERE: Final = 0
_UNICAST: Final = 1
_WIDEST_PREFIX: Final = 3
"""A route so wide leads everywhere: some VPNs put two halves before the default route, and IPv6's whole global space is a /3."""


@record(kw_only=True)
class Message:
    """One message of a dump or notice."""

    kind: int
    body: bytes
    interrupted: bool = False
    """The tables changed while they were dumped."""


def request(kind: int, sequence: int) -> bytes:
    """The request for a dump."""
    ask_for_all = 0x1 | 0x300
    return _HEADER.pack(_HEADER.size + 4, kind, ask_for_all, sequence, 0) + bytes(4)


def messages(data: bytes) -> Iterator[Message]:
    """The messages in what was received; what is cut short ends it."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, _, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            return
        yield Message(kind=kind, body=data[at + _HEADER.size : at + length], interrupted=bool(flags & _INTERRUPTED))
        at += _aligned(length)


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            break
        found[kind & _TYPE_MASK] = data[at + _ATTRIBUTE.size : at + length]
        at += _aligned(length)
    return found


@dataclass(slots=True)
class Tables:
    """What a dump told: names of links that work, addresses by link, links with a wide route by family."""

    links: dict[int, str] = field(default_factory=dict)
    addresses: set[tuple[int, int, str]] = field(default_factory=set)
    ways: set[tuple[int, int]] = field(default_factory=set)

    def add(self, message: Message) -> None:
        """Take a message in; kinds and bodies that say nothing to us are left out."""
        readers = {NEW_LINK: (_LINK, self._link), NEW_ADDRESS: (_ADDRESS, self._address), NEW_ROUTE: (_ROUTE, self._route)}
        if message.kind in readers:
            shape, take = readers[message.kind]
            if len(message.body) >= shape.size:
                take(shape.unpack_from(message.body), _attributes(message.body[shape.size :]))

    def _link(self, fixed: tuple[int, ...], attributes: dict[int, bytes]) -> None:
        _, _, index, flags, _ = fixed
        if flags & _UP_AND_RUNNING == _UP_AND_RUNNING and not flags & _LOOPBACK:
            name = attributes.get(_LINK_NAME, b"").rstrip(b"\0").decode("utf-8", "replace")
            self.links[index] = name or str(index)

    def _address(self, fixed: tuple[int, ...], attributes: dict[int, bytes]) -> None:
        family, _, flags, scope, index = fixed
        more = attributes.get(_ADDRESS_FLAGS, b"")
        if len(more) == 4:  # noqa: PLR2004 - the size of the wider flags
            flags = int.from_bytes(more, sys.byteorder)
        raw = attributes.get(_ADDRESS_LOCAL) or attributes.get(_ADDRESS_PREFIX, b"")
        # Temporary addresses are replaced each day by themselves; the stable one beside them says the same.
        passing = flags & (_DEPRECATED_OR_TENTATIVE | (_TEMPORARY if family == _INET6 else 0))
        if scope == _EVERYWHERE and not passing and len(raw) in {4, 16}:
            self.addresses.add((index, family, str(ipaddress.ip_address(raw))))

    def _route(self, fixed: tuple[int, ...], attributes: dict[int, bytes]) -> None:
        family, width, _, _, _, _, _, kind, _ = fixed
        if kind == _UNICAST and width <= _WIDEST_PREFIX:
            self.ways.update((index, family) for index in (*_one_link(attributes.get(_ROUTE_LINK, b"")), *_hops(attributes.get(_ROUTE_HOPS, b""))))

    def routes(self) -> frozenset[Route]:
        """The ways out."""
        return frozenset(
            Route(link=self.links[index], address=address) for index, family, address in self.addresses if index in self.links and (index, family) in self.ways
        )


def _one_link(value: bytes) -> tuple[int, ...]:
    return struct.unpack("=i", value) if len(value) == 4 else ()  # noqa: PLR2004 - the size of a link's number


def _hops(value: bytes) -> Iterator[int]:
    """The links of a route with several."""
    at = 0
    while at + _HOP.size <= len(value):
        length, _, _, index = _HOP.unpack_from(value, at)
        if length < _HOP.size:
            return
        yield index
        at += _aligned(length)
