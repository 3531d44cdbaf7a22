"""A private bus with a real dbus-daemon, and python-dbusmock's logind and UPower on it; all processes are ended by their id."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""
_DAEMON = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_MOCK = "org.freedesktop.DBus.Mock"
_SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's, for which python3-dbusmock is installed
LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1")
MANAGER = "org.freedesktop.login1.Manager"
UPOWER = ("org.freedesktop.UPower", "/org/freedesktop/UPower")
_WAIT_SECONDS = 30


class PrivateBus:
    """The daemon and what runs on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "bus"
        self.address = f"unix:path={self._socket}"
        self._daemon: subprocess.Popen[bytes] | None = None
        self._mocks: dict[str, subprocess.Popen[bytes]] = {}
        self._control: MessageBus | None = None

    def start(self) -> None:
        """Start the daemon; returns when it listens."""
        config = self._folder / "bus.conf"
        config.write_text(_CONFIG.format(socket=self._socket), encoding="utf-8")
        self._socket.unlink(missing_ok=True)
        reading, writing = os.pipe()
        command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", f"--print-address={writing}"]
        self._daemon = subprocess.Popen(command, pass_fds=(writing,), stdin=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as said:
            assert said.readline().startswith("unix:path=")

    async def stop(self) -> None:
        """End everything on it, and it."""
        for name in list(self._mocks):
            self.stop_mock(name)
        if self._control is not None:
            self._control.disconnect()
            with contextlib.suppress(Exception):
                await self._control.wait_for_disconnect()  # type: ignore[no-untyped-call] # dbus-fast left its type out
            self._control = None
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    async def mock(self, template: str, name: str, **parameters: object) -> None:
        """Start a mock; returns when it has its name."""
        seen, owned = await self._expect(name)
        self._mocks[name] = self._start_mock("--template", template, "--parameters", json.dumps(parameters))
        await self._named(name, seen, owned)

    async def _expect(self, name: str) -> tuple[asyncio.Event, Callable[[Message], None]]:
        control = await self.control()
        seen = asyncio.Event()

        def owned(message: Message) -> None:
            if message.member == "NameOwnerChanged" and message.body[0] == name and message.body[2]:
                seen.set()

        control.add_message_handler(owned)
        await self.call(_DAEMON[:2], _DAEMON[2], "AddMatch", "s", f"type='signal',member='NameOwnerChanged',arg0='{name}'")
        return seen, owned

    async def plain_mock(self, name: str, path: str, interface: str, **properties: Variant) -> None:
        """Start a mock of a service that python-dbusmock has no template for: one object, with properties."""
        seen, owned = await self._expect(name)
        self._mocks[name] = self._start_mock(name, path, interface)
        await self._named(name, seen, owned)
        for key, value in properties.items():
            await self.call((name, path), _MOCK, "AddProperty", "ssv", interface, key, value)

    async def _named(self, name: str, seen: asyncio.Event, owned: Callable[[Message], None]) -> None:
        control = await self.control()
        async with asyncio.timeout(_WAIT_SECONDS):
            await seen.wait()
        control.remove_message_handler(owned)

    def _start_mock(self, *what: str) -> subprocess.Popen[bytes]:
        command = [_SYSTEM_PYTHON, "-m", "dbusmock", "--system", *what]
        environment = {"PATH": os.environ["PATH"], "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def stop_mock(self, name: str) -> None:
        """End one of them."""
        process = self._mocks.pop(name)
        process.kill()
        process.wait()

    async def control(self) -> MessageBus:
        """The test's own connection."""
        if self._control is None:
            self._control = await MessageBus(bus_address=self.address, bus_type=BusType.SYSTEM).connect()
        return self._control

    async def call(self, where: tuple[str, str], interface: str, member: str, signature: str = "", *body: object) -> list[Any]:
        """Call a method; an error is the test's failure."""
        control = await self.control()
        message = Message(destination=where[0], path=where[1], interface=interface, member=member, signature=signature, body=list(body))
        async with asyncio.timeout(_WAIT_SECONDS):
            reply = await control.call(message)
        assert reply is not None
        assert reply.message_type is MessageType.METHOD_RETURN, reply.body
        return list(reply.body)

    async def emit(self, where: tuple[str, str], interface: str, member: str, signature: str, *values: Variant) -> None:
        """The mock sends a signal."""
        await self.call(where, _MOCK, "EmitSignal", "sssav", interface, member, signature, list(values))

    async def set(self, where: tuple[str, str], interface: str, **values: Variant) -> None:
        """The mock's properties change, and it says so."""
        await self.call(where, _MOCK, "UpdateProperties", "sa{sv}", interface, values)

    async def inhibitors(self) -> list[list[Any]]:
        """The locks that are held, as the mock of logind sees them: what, who, why, mode."""
        return [list(lock[:4]) for lock in (await self.call(LOGIND, MANAGER, "ListInhibitors"))[0]]

    async def logind(self, *, session: str = "c1", delay_s: float = 7) -> tuple[str, str]:
        """Start logind with a session; returns where the session is."""
        await self.mock("logind", LOGIND[0])
        await self.call(LOGIND, _MOCK, "AddProperty", "ssv", MANAGER, "InhibitDelayMaxUSec", Variant("t", int(delay_s * 1e6)))
        added = await self.call(LOGIND, _MOCK, "AddSession", "ssusb", session, "seat0", os.getuid(), "somebody", True)  # noqa: FBT003 - the mock's own
        return LOGIND[0], str(added[0])


@contextlib.asynccontextmanager
async def private_bus(folder: Path) -> AsyncIterator[PrivateBus]:
    """A bus that listens, and is gone after."""
    bus = PrivateBus(folder)
    bus.start()
    try:
        yield bus
    finally:
        await bus.stop()
