"""The ways out: rtnetlink's bytes, the notices, and this computer's own."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.host_doubles import FedByHand, Retries
from t4t.domain.host_events import NetworkChanged, Route
from t4t.host.network import portable
from t4t.host.network.rtnetlink import NEW_ADDRESS, NEW_LINK, NEW_ROUTE, Message, Tables, messages, request
from t4t.host.network.watch import LOOK_SECONDS, SETTLE_SECONDS, NetworkWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

unhurried = settings(deadline=None)
UP, LOOPBACK = 0x1 | 0x40, 0x8
V4, V6 = 2, 10


def attribute(kind: int, value: bytes) -> bytes:
    padding = bytes(-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body + bytes(-len(body) % 4)


def link(index: int, name: str, flags: int = UP) -> bytes:
    return message(NEW_LINK, struct.pack("=BxHiII", 0, 1, index, flags, 0) + (attribute(3, name.encode() + b"\0") if name else b""))


def address(index: int, text: str, *, scope: int = 0, flags: int = 0, wide_flags: int | None = None, local: str = "") -> bytes:
    ip = ipaddress.ip_address(text)
    body = struct.pack("=BBBBI", V4 if ip.version == 4 else V6, 24, flags, scope, index) + attribute(1, ip.packed)
    body += attribute(2, ipaddress.ip_address(local).packed) if local else b""
    return message(NEW_ADDRESS, body + (b"" if wide_flags is None else attribute(8, struct.pack("=I", wide_flags))))


def route(index: int | None, *, family: int = V4, width: int = 0, kind: int = 1, hops: tuple[int, ...] = ()) -> bytes:
    body = struct.pack("=BBBBBBBBI", family, width, 0, 0, 254, 3, 0, kind, 0)
    body += b"" if index is None else attribute(4, struct.pack("=i", index))
    return message(NEW_ROUTE, body + (attribute(9, b"".join(struct.pack("=HBBi", 8, 0, 0, hop) for hop in hops)) if hops else b""))


def routes(*parts: bytes) -> set[tuple[str, str]]:
    tables = Tables()
    for part in messages(b"".join(parts)):
        tables.add(part)
    return {(found.link, found.address) for found in tables.routes()}


ETH = link(2, "eth0")
ETH_ADDRESS = address(2, "192.0.2.2")


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ((ETH, ETH_ADDRESS, route(2)), {("eth0", "192.0.2.2")}),
        ((route(2), ETH_ADDRESS, ETH), {("eth0", "192.0.2.2")}),
        ((link(2, ""), ETH_ADDRESS, route(2)), {("2", "192.0.2.2")}),
        ((link(2, "eth0", 0x1), ETH_ADDRESS, route(2)), set()),  # no carrier
        ((link(2, "eth0", 0x40), ETH_ADDRESS, route(2)), set()),  # switched off
        ((link(1, "lo", UP | LOOPBACK), address(1, "127.0.0.1"), route(1)), set()),
        ((ETH, ETH_ADDRESS), set()),  # a local network without a way out, a bridge of containers
        ((ETH, ETH_ADDRESS, route(2, width=24)), set()),
        ((ETH, ETH_ADDRESS, route(3)), set()),
        ((ETH, ETH_ADDRESS, route(2, kind=6)), set()),  # a route that drops
        ((ETH, ETH_ADDRESS, route(2, width=1)), {("eth0", "192.0.2.2")}),  # half of a VPN's two
        ((ETH, ETH_ADDRESS, route(2, family=V6)), set()),
        ((ETH, address(2, "fd00::2"), route(2, family=V6)), {("eth0", "fd00::2")}),
        ((ETH, address(2, "fd00::2"), route(2, family=V6, width=3)), {("eth0", "fd00::2")}),
        ((ETH, address(2, "fe80::2", scope=253), route(2, family=V6)), set()),
        ((ETH, address(2, "fd00::9", flags=0x01), route(2, family=V6)), set()),  # temporary
        ((ETH, address(2, "fd00::9", wide_flags=0x01), route(2, family=V6)), set()),
        ((ETH, address(2, "fd00::9", flags=0x40), route(2, family=V6)), set()),  # not ours yet
        ((ETH, address(2, "192.0.2.3", flags=0x01), route(2)), {("eth0", "192.0.2.3")}),  # a second one
        ((ETH, address(2, "10.8.0.1", local="10.8.0.6"), route(2)), {("eth0", "10.8.0.6")}),  # point to point
        ((ETH, link(3, "wlan0"), ETH_ADDRESS, address(3, "198.51.100.7"), route(None, hops=(2, 3))), {("eth0", "192.0.2.2"), ("wlan0", "198.51.100.7")}),
        ((ETH, ETH_ADDRESS, route(None, hops=())), set()),
        ((message(99, b"what?"), message(NEW_LINK, b"short"), ETH, ETH_ADDRESS, route(2)), {("eth0", "192.0.2.2")}),
    ],
)
def test_routes(parts: tuple[bytes, ...], found: set[tuple[str, str]]) -> None:
    assert routes(*parts) == found


def test_a_hop_that_says_a_wrong_length() -> None:
    body = struct.pack("=BBBBBBBBI", V4, 0, 0, 0, 254, 3, 0, 1, 0)
    assert routes(ETH, ETH_ADDRESS, message(NEW_ROUTE, body + attribute(9, struct.pack("=HBBi", 2, 0, 0, 2)))) == set()
    assert routes(ETH, ETH_ADDRESS, message(NEW_ROUTE, body + attribute(4, b"2"))) == set()
    assert routes(ETH, ETH_ADDRESS, message(NEW_ROUTE, body + struct.pack("=HH", 2, 4))) == set()


@unhurried
@given(data=st.binary(max_size=400), kind=st.sampled_from([NEW_LINK, NEW_ADDRESS, NEW_ROUTE]))
def test_any_bytes_give_a_value(data: bytes, kind: int) -> None:
    routes(data)
    tables = Tables()
    tables.add(Message(kind=kind, body=data))
    assert all(isinstance(found, Route) for found in tables.routes())


@unhurried
@given(bodies=st.lists(st.tuples(st.integers(0, 99), st.binary(max_size=50), st.booleans())), cut=st.integers(0, 30))
def test_messages(bodies: list[tuple[int, bytes, bool]], cut: int) -> None:
    whole = b"".join(message(kind, body, 0x10 if interrupted else 0) for kind, body, interrupted in bodies)
    assert [(found.kind, found.body, found.interrupted) for found in messages(whole)] == bodies
    parts = list(messages(whole[: max(0, len(whole) - cut)]))
    assert [(found.kind, found.body, found.interrupted) for found in parts] == bodies[: len(parts)]


def test_request() -> None:
    asked = request(18, 7)
    assert struct.unpack("=IHHII", asked[:16]) == (len(asked), 18, 0x301, 7, 0)


def test_our_address_towards_a_peer() -> None:
    assert portable.source_address(socket.AF_INET, "127.0.0.1") == "127.0.0.1"
    assert not portable.source_address(socket.AF_INET, "not an address")


def test_this_computer() -> None:
    for found in portable.look():
        assert not ipaddress.ip_address(found.address).is_loopback


class Notices:
    """Notices that the test gives."""

    def __init__(self) -> None:
        self.notice: Callable[[], None] | None = None

    @contextlib.contextmanager
    def listen(self, notice: Callable[[], None]) -> Iterator[None]:
        assert self.notice is None
        self.notice = notice
        yield
        self.notice = None


ONE, OTHER = (frozenset({Route(link=name, address="192.0.2.2")}) for name in ("eth0", "wlan0"))


async def test_a_burst_of_notices_is_one_look() -> None:
    hand, rests, notices = FedByHand(), Retries(), Notices()
    answers: list[frozenset[Route] | None] = [ONE, OTHER, None, ONE]

    def look() -> frozenset[Route]:
        if (answer := answers.pop(0)) is None:
            raise TimeoutError
        return answer

    watch = NetworkWatch(hand.feed, rests, look=look, listen=notices.listen)
    await watch.start()
    running = asyncio.get_running_loop().create_task(watch.run())
    await asyncio.sleep(0)
    assert notices.notice is not None
    for _ in range(5):
        notices.notice()
    await rests.next()
    assert await hand.next() == NetworkChanged(routes=OTHER)
    for _ in range(2):
        notices.notice()
        await rests.next()
    assert await hand.next() == NetworkChanged(routes=ONE)
    assert answers == []
    assert set(rests.waits) == {SETTLE_SECONDS}
    running.cancel()
    await watch.hold("nothing")
    await watch.release()
    watch.close()


async def test_without_notices_it_looks_now_and_then() -> None:
    hand, rests, answers = FedByHand(), Retries(), [ONE, ONE, OTHER]

    def listen(_: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
        raise PermissionError

    watch = NetworkWatch(hand.feed, rests, look=lambda: answers.pop(0), listen=listen)
    await watch.start()
    running = asyncio.get_running_loop().create_task(watch.run())
    for _ in range(2):
        await rests.next()
    assert await hand.next() == NetworkChanged(routes=OTHER)
    assert set(rests.waits) == {LOOK_SECONDS}
    running.cancel()
