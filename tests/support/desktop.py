"""A desktop for tests: an X server, a private session bus, a StatusNotifier panel that looks closely, an XEmbed panel."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from dbus_fast import BusType, Message, MessageFlag, MessageType, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

_SECONDS: Final = 20.0
WATCHER: Final = "org.kde.StatusNotifierWatcher"
_WATCHER_PATH: Final = "/StatusNotifierWatcher"
_ITEM: Final = "org.kde.StatusNotifierItem"
_MENU: Final = "com.canonical.dbusmenu"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_BUS_CONFIG: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextlib.asynccontextmanager
async def a_process(*command: str, environment: dict[str, str] | None = None, **options: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of ours, ended at the end by its own id."""
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdin=asyncio.subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


@contextlib.asynccontextmanager
async def x_server(size: str = "1280x800x24") -> AsyncIterator[str]:
    """An X server without a screen; gives its display."""
    reading, writing = os.pipe()
    try:
        command = ("Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp", "-noreset")
        async with a_process(*command, pass_fds=(writing,), stderr=asyncio.subprocess.DEVNULL) as _process:
            os.close(writing)
            number = await asyncio.wait_for(asyncio.to_thread(os.read, reading, 32), _SECONDS)
            if not number.strip():
                raise RuntimeError("Xvfb did not start")
            yield f":{number.decode().strip()}"
    finally:
        os.close(reading)


async def until_window(title: str, environment: Mapping[str, str], *, there: bool = True, seconds: float = 20) -> tuple[int, int, int, int]:
    """Wait until a window is on the screen, or is not; where it is: left, top, width, height."""
    async with asyncio.timeout(seconds):
        while True:  # each look waits for a process
            process = await asyncio.create_subprocess_exec(
                "xwininfo", "-name", title, env=dict(environment), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
            told = (await process.communicate())[0].decode()
            if ("Map State: IsViewable" in told) is there:
                found = [re.search(rf"{name}: +(-?\d+)", told) for name in ("Absolute upper-left X", "Absolute upper-left Y", "Width", "Height")]
                left, top, width, height = (0 if one is None else int(one[1]) for one in found)
                return left, top, width, height


@contextlib.asynccontextmanager
async def session_bus(folder: Path) -> AsyncIterator[str]:
    """A session bus of its own that starts no services; gives its address."""
    config = folder / "bus.conf"
    config.write_text(_BUS_CONFIG.format(folder=folder), encoding="utf-8")
    async with a_process("dbus-daemon", f"--config-file={config}", "--nofork", "--print-address", stdout=asyncio.subprocess.PIPE) as process:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), _SECONDS)
        yield line.decode().strip()


@dataclass(frozen=True, slots=True)
class MenuRow:
    """One visible row of a menu as a tray host gets it."""

    id: int
    text: str
    enabled: bool
    below: tuple[MenuRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """An icon that has registered: its owner, and what it says of itself."""

    owner: str
    path: str
    title: str = ""
    tooltip: str = ""
    menu: str = ""
    sizes: tuple[int, ...] = ()
    pixels: bytes = b""


class Panel:
    """A StatusNotifier watcher and host in one, as strict as the specification: whatever an icon gets wrong is a failed test."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._owners: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def at_work(cls, address: str) -> AsyncIterator[Self]:
        """With the watcher's name on the bus; at the end it goes as a panel that crashes."""
        bus = await MessageBus(address, BusType.SESSION).connect()
        try:
            panel = cls(bus)
            bus.add_message_handler(panel._handle)
            await panel._call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.AddMatch", "s", ["type='signal'"])
            if await bus.request_name(WATCHER) is not RequestNameReply.PRIMARY_OWNER:
                raise RuntimeError("another watcher is there")
            yield panel
        finally:
            bus.disconnect()

    # --- as a watcher ------------------------------------------------------------------------------------------------

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL:
            self._signal(message)
            return None
        if message.message_type is not MessageType.METHOD_CALL or message.path != _WATCHER_PATH:
            return None
        if message.interface == _PROPERTIES:
            return self._property(message)
        if message.member == "RegisterStatusNotifierItem" and message.signature == "s":
            service = str(message.body[0])
            owner, path = (str(message.sender), service) if service.startswith("/") else (service, "/StatusNotifierItem")
            if (owner, path) not in self._owners:
                self._owners.append((owner, path))
            self._changed.set()
            self._bus.send(Message.new_signal(_WATCHER_PATH, WATCHER, "StatusNotifierItemRegistered", "s", [service]))
            return Message.new_method_return(message)
        if message.member == "RegisterStatusNotifierHost":
            return Message.new_method_return(message)
        return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", f"{message.interface}.{message.member}")

    def _signal(self, message: Message) -> None:
        if message.member == "NameOwnerChanged" and len(message.body) == 3 and not message.body[2]:
            self._owners = [(owner, path) for owner, path in self._owners if owner != message.body[0]]
        self._changed.set()

    def _property(self, message: Message) -> Message:
        values = {
            "IsStatusNotifierHostRegistered": Variant("b", True),  # noqa: FBT003 - a D-Bus value
            "ProtocolVersion": Variant("i", 0),
            "RegisteredStatusNotifierItems": Variant("as", [owner for owner, _ in self._owners]),
        }
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [values])
        if message.member == "Get" and message.body[1] in values:
            return Message.new_method_return(message, "v", [values[message.body[1]]])
        return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownProperty", str(message.body))

    # --- as a host ---------------------------------------------------------------------------------------------------

    async def _call(self, destination: str, path: str, method: str, signature: str = "", body: list[Any] | None = None) -> list[Any]:
        interface, _, member = method.rpartition(".")
        message = Message(destination=destination, path=path, interface=interface, member=member, signature=signature, body=body or [])
        reply = await asyncio.wait_for(self._bus.call(message), _SECONDS)
        if reply.message_type is MessageType.ERROR:
            raise RuntimeError(f"{member}: {reply.body}")
        return list(reply.body)

    async def items(self) -> list[Item]:
        """All icons that are there, each looked at closely."""
        return [await self._look(owner, path) for owner, path in list(self._owners)]

    async def _look(self, owner: str, path: str) -> Item:
        found = {name: value.value for name, value in (await self._call(owner, path, f"{_PROPERTIES}.GetAll", "s", [_ITEM]))[0].items()}
        assert found["Category"] in {"ApplicationStatus", "Communications", "SystemServices", "Hardware"}, found["Category"]
        assert found["Status"] in {"Passive", "Active", "NeedsAttention"}, found["Status"]
        assert found["Id"], "an item has an id"
        pixmaps = found["IconPixmap"]
        assert pixmaps, "an item has a picture"
        for width, height, data in pixmaps:
            assert len(data) == width * height * 4, "ARGB32"
        _, _, title, text = found["ToolTip"]
        assert found["Menu"].startswith("/"), found["Menu"]
        biggest = max(pixmaps, key=lambda pixmap: pixmap[0])
        return Item(owner, path, found["Title"], f"{title}{text}", found["Menu"], tuple(pixmap[0] for pixmap in pixmaps), bytes(biggest[2]))

    async def until(self, wanted: Callable[[Item], bool], seconds: float = _SECONDS) -> Item:
        """The first icon of which ``wanted`` is true, as soon as there is one; looks again at each signal."""
        seen: list[Item] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._changed.clear()
                    with contextlib.suppress(RuntimeError):  # it went while we looked
                        seen = await self.items()
                        for item in seen:
                            if wanted(item):
                                return item
                    await self._changed.wait()
        except TimeoutError:
            described = [dataclasses.replace(item, pixels=b"") for item in seen]
            raise AssertionError(f"no such icon within {seconds} s; there are: {described}") from None

    async def menu(self, item: Item) -> tuple[MenuRow, ...]:
        """The menu as it is when it is opened."""
        await self._call(item.owner, item.menu, f"{_MENU}.AboutToShow", "i", [0])
        _, layout = await self._call(item.owner, item.menu, f"{_MENU}.GetLayout", "iias", [0, -1, []])
        return _rows(layout)

    async def click(self, item: Item, *texts: str) -> None:
        """Click the row below ``texts``, from the top; what is not there or not enabled can't be clicked."""
        rows = await self.menu(item)
        for text in texts:
            found = [row for row in rows if row.text == text]
            assert len(found) == 1, f"no row {text!r} in {[row.text for row in rows]}"
            assert found[0].enabled, f"{text!r} is disabled"
            chosen, rows = found[0], found[0].below
        await self._call(item.owner, item.menu, f"{_MENU}.Event", "isvu", [chosen.id, "clicked", Variant("s", ""), 0])

    async def activate(self, item: Item) -> None:
        """A left click on the icon."""
        message = Message(
            destination=item.owner, path=item.path, interface=_ITEM, member="Activate", signature="ii", body=[5, 5], flags=MessageFlag.NO_REPLY_EXPECTED
        )
        await self._bus.send(message)


def _rows(node: list[Any]) -> tuple[MenuRow, ...]:
    rows = []
    for child in node[2]:
        number, properties, _ = child.value
        said = {name: value.value for name, value in properties.items()}
        assert set(said) <= _KNOWN, f"unknown properties: {set(said) - _KNOWN}"
        if said.get("visible", True) and said.get("type") != "separator":
            rows.append(MenuRow(number, said.get("label", ""), said.get("enabled", True), _rows(child.value)))
    return tuple(rows)


_KNOWN: Final = {"type", "label", "enabled", "visible", "icon-name", "icon-data", "shortcut", "toggle-type", "toggle-state", "children-display", "disposition"}
