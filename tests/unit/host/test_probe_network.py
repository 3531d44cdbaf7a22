"""The way to the project, with servers on loopback only."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from t4t.domain.facts import Reach
from t4t.host.probe import network
from t4t.host.probe.network import Address, RealConnection, _routable, look, proxy_of, read_cost, read_metered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Connection(RealConnection):
    """Real connections, on a computer whose settings are given."""

    def __init__(self, proxies: Mapping[str, str] | None = None, *, online: bool | None = True, metered: bool | None = None) -> None:
        self._proxies = proxies or {}
        self._online = online
        self._metered = metered

    def online(self) -> bool | None:
        return self._online

    def proxies(self) -> Mapping[str, str]:
        return self._proxies

    async def metered(self) -> bool | None:
        return self._metered


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_servers_are_tried_and_nothing_is_sent() -> None:
    received = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.set_result(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        closed = closed_port()
        found = await look(Connection(metered=True), [Address("127.0.0.1", port), Address("127.0.0.1", closed)])
        assert await received == b""
    assert found.hosts.value == (Reach("127.0.0.1", port, reached=True), Reach("127.0.0.1", closed, reached=False))
    assert found.metered.value is True
    assert found.proxy.value == ""


async def test_with_a_proxy_only_the_proxy_is_tried() -> None:
    closed = closed_port()
    found = await look(Connection({"https": f"http://anna:secret@127.0.0.1:{closed}/"}), [Address("server.invalid", 443)])
    assert found.hosts.value == (Reach("127.0.0.1", closed, reached=False),)
    assert found.proxy.value == f"http://127.0.0.1:{closed}"


async def test_no_hosts_none_tried() -> None:
    found = await look(Connection({"http": "proxy.invalid:3128"}, online=None), [])
    assert found.hosts.value is None
    assert found.online.value is None
    assert found.metered.value is None


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ({}, ""),
        ({"no": "localhost"}, ""),
        ({"http": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https": "http://a:b@proxy.example"}, "http://proxy.example:80"),
        ({"all": "socks5://[::1]:1081"}, "socks5://[::1]:1081"),
        ({"socks": "socks5://proxy.example"}, "socks5://proxy.example:1080"),
        ({"https": "http://"}, ""),
        ({"https": "http://proxy.example:99999"}, "http://proxy.example:80"),
        ({"https": "strange://proxy.example"}, "strange://proxy.example:80"),
    ],
)
def test_proxies(proxies: dict[str, str], expected: str) -> None:
    assert proxy_of(proxies) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"type":"u","data":1}', True),
        (b'{"type":"u","data":3}', True),
        (b'{"type":"u","data":2}', False),
        (b'{"type":"u","data":4}', False),
        (b'{"type":"u","data":0}', None),
        (b'{"type":"u","data":"x"}', None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_network_manager_s_answer(answer: bytes, *, expected: bool | None) -> None:
    assert read_metered(answer) is expected


@pytest.mark.parametrize(("cost", "expected"), [(0, None), (1, False), (2, True), (4, True), (0x10001, False), (0x10002, True), (0x40000, None)])
def test_windows_cost(cost: int, *, expected: bool | None) -> None:
    """The higher bits say that it is roaming, congested or near its limit."""
    assert read_cost(cost) is expected


@pytest.mark.parametrize(
    ("address", "expected"), [("192.168.1.7", True), ("fe80::1%eth0", False), ("2001:db8::1", True), ("127.0.0.1", False), ("aa:bb:cc:dd:ee:ff", False)]
)
def test_addresses_that_lead_somewhere(address: str, *, expected: bool) -> None:
    assert _routable(address) is expected


async def test_this_computer_answers_without_an_exception() -> None:
    real = RealConnection()
    assert real.online() in {True, False}
    assert isinstance(proxy_of(real.proxies()), str)
    assert await real.metered() in {True, False, None}


@pytest.mark.skipif(sys.platform != "linux", reason="NetworkManager is Linux's")
@pytest.mark.parametrize(
    ("script", "expected"),
    [('echo \'{"type":"u","data":1}\'', True), ('echo \'{"type":"u","data":4}\'', False), ("exit 1", None), ("exec sleep 600", None)],
    ids=["metered", "free", "no NetworkManager", "no answer"],
)
async def test_metered_by_the_system_s_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, expected: bool | None) -> None:
    program = tmp_path / "busctl"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(network, "_SECONDS", 0.5)
    assert await RealConnection().metered() is expected


@pytest.mark.skipif(sys.platform != "linux", reason="NetworkManager is Linux's")
async def test_without_a_bus_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await RealConnection().metered() is None


async def test_a_name_that_takes_for_ever_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the question nor by the end of the loop."""
    go_on = threading.Event()
    asked = threading.Event()

    def never(*_: object, **__: object) -> None:
        asked.set()
        go_on.wait()
        raise OSError

    monkeypatch.setattr(network, "_SECONDS", 0.05)
    monkeypatch.setattr(socket, "create_connection", never)
    try:
        assert not await asyncio.wait_for(RealConnection().reaches("name.invalid", 9), 10)
        assert asked.is_set()
    finally:
        go_on.set()


def test_an_answer_after_the_end_is_dropped() -> None:
    loop = asyncio.new_event_loop()
    try:
        late: asyncio.Future[bool] = loop.create_future()
        late.cancel()
        network._settle(late, reached=True)
        assert late.cancelled()
        early: asyncio.Future[bool] = loop.create_future()
        network._settle(early, reached=True)
        assert early.result() is True
    finally:
        loop.close()
