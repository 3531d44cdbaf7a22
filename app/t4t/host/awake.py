"""Keeping the computer from falling asleep by itself while it works; the screen may go dark, and who puts it to sleep by hand is obeyed.

Whatever keeps it awake dies with this process, so nobody is kept awake by a program that crashed. Linux: logind's "idle" lock, and the desktops' own, for they
sleep by their own clocks. Windows: SetThreadExecutionState. macOS: ``caffeinate``, which watches us.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbus_fast.aio import MessageBus

_log = logging.getLogger(__name__)
_WHO: Final = "Test4Theory"


class Awake(Protocol):
    """Keeps the computer awake, or no longer."""

    async def keep(self, reason: str) -> bool:
        """Keep it awake from now on; ``reason`` is shown where a system shows one. False if nothing here can. Twice is as once."""
        ...

    async def let_go(self) -> None:
        """It may sleep when it likes. Twice is as once."""
        ...


class AwakeByCall:
    """`Awake` by one call (Windows): ``set_state`` says whether it worked. It holds for the thread that calls, so the loop's own."""

    def __init__(self, set_state: Callable[[bool], bool]) -> None:
        """Nothing is held."""
        self._set_state = set_state

    async def keep(self, reason: str) -> bool:  # noqa: ARG002 - Windows shows none
        """See `Awake.keep`."""
        return self._set_state(True)  # noqa: FBT003 - on

    async def let_go(self) -> None:
        """See `Awake.let_go`."""
        self._set_state(False)  # noqa: FBT003 - off


class AwakeByProgram:
    """`Awake` by a program that keeps it awake as long as it runs (macOS)."""

    def __init__(self, command: Sequence[str]) -> None:
        """Nothing runs yet."""
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    async def keep(self, reason: str) -> bool:  # noqa: ARG002 - it takes none
        """See `Awake.keep`."""
        if self._process is None or self._process.returncode is not None:
            nothing = asyncio.subprocess.DEVNULL
            try:
                self._process = await asyncio.create_subprocess_exec(*self._command, stdin=nothing, stdout=nothing, stderr=nothing)
            except OSError as error:
                _log.info("%s: %s", self._command[0], error)
                return False
        return True

    async def let_go(self) -> None:
        """See `Awake.let_go`."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


if sys.platform == "linux":
    from dbus_fast import BusType, DBusError, Message, MessageType
    from dbus_fast.aio import MessageBus
    from dbus_fast.errors import AuthError, InvalidAddressError

    _SECONDS: Final = 5.0
    _FAILED: Final = (OSError, EOFError, TimeoutError, DBusError, AuthError, InvalidAddressError, AttributeError)
    """As in `t4t.host.session_end.bus`; `AttributeError`: there is no reply at all when the connection is closed meanwhile."""
    _LOGIND: Final = "org.freedesktop.login1"
    _GNOME: Final = "org.gnome.SessionManager"
    _GNOME_SUSPEND: Final = 4
    _DESKTOPS: Final = "org.freedesktop.PowerManagement"
    """KDE's, Xfce's and MATE's."""

    class AwakeByBuses:
        """`Awake` by locks on the buses: closing a connection gives its locks back."""

        def __init__(self, *, system: str | None = None, session: str | None = None) -> None:
            """Addresses of the buses; None: the computer's own."""
            self._addresses = {BusType.SYSTEM: system, BusType.SESSION: session}
            self._buses: list[MessageBus] = []
            self._lock_fd = -1

        async def keep(self, reason: str) -> bool:
            """See `Awake.keep`."""
            if any(bus.connected for bus in self._buses):
                return True
            await self.let_go()
            logind = Message(
                destination=_LOGIND,
                path="/org/freedesktop/login1",
                interface=f"{_LOGIND}.Manager",
                member="Inhibit",
                signature="ssss",
                body=["idle", _WHO, reason, "block"],
            )
            gnome = Message(
                destination=_GNOME,
                path="/org/gnome/SessionManager",
                interface=_GNOME,
                member="Inhibit",
                signature="susu",
                body=[_WHO, 0, reason, _GNOME_SUSPEND],
            )
            others = Message(
                destination=_DESKTOPS,
                path="/org/freedesktop/PowerManagement/Inhibit",
                interface=f"{_DESKTOPS}.Inhibit",
                member="Inhibit",
                signature="ss",
                body=[_WHO, reason],
            )
            await self._take(BusType.SYSTEM, logind)
            await self._take(BusType.SESSION, gnome, others)
            return bool(self._buses)

        async def let_go(self) -> None:
            """See `Awake.let_go`."""
            buses, self._buses = self._buses, []
            if self._lock_fd >= 0:
                os.close(self._lock_fd)
                self._lock_fd = -1
            for bus in buses:
                await _leave(bus)

        async def _take(self, kind: BusType, *wanted: Message) -> None:
            """Take all locks that this bus has; without one the connection is not kept."""
            try:
                bus = MessageBus(bus_address=self._addresses[kind], bus_type=kind, negotiate_unix_fd=True, auth_timeout=_SECONDS)
                async with asyncio.timeout(_SECONDS):
                    await bus.connect()
            except _FAILED as error:
                _log.info("nothing to stay awake by on the %s bus: %s", kind.name.lower(), error)
                return
            held = [await self._lock(bus, message) for message in wanted]
            if any(held):
                self._buses.append(bus)
            else:
                await _leave(bus)

        async def _lock(self, bus: MessageBus, message: Message) -> bool:
            try:
                async with asyncio.timeout(_SECONDS):
                    reply = await bus.call(message)
                refused = reply.message_type is MessageType.ERROR
            except _FAILED:
                return False
            if refused:
                return False
            if reply.unix_fds:
                self._lock_fd = reply.unix_fds[0]
                os.set_inheritable(self._lock_fd, False)  # noqa: FBT003 - the standard library's
            return True

    async def _leave(bus: MessageBus) -> None:
        bus.disconnect()
        with contextlib.suppress(*_FAILED):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call] # dbus-fast left its type out

    def awake() -> Awake:
        """Of this system."""
        return AwakeByBuses()

elif sys.platform == "win32":
    import ctypes

    _CONTINUOUS: Final = 0x80000000
    _SYSTEM_REQUIRED: Final = 0x00000001

    def _set_state(keep: bool) -> bool:  # noqa: FBT001 - on or off
        call = ctypes.WinDLL("kernel32").SetThreadExecutionState
        call.argtypes, call.restype = (ctypes.c_uint32,), ctypes.c_uint32
        return bool(call(_CONTINUOUS | (_SYSTEM_REQUIRED if keep else 0)))

    def awake() -> Awake:
        """Of this system."""
        return AwakeByCall(_set_state)

else:

    def awake() -> Awake:
        """Of this system: against sleep by idleness (-i), until we are gone (-w)."""
        return AwakeByProgram(("/usr/bin/caffeinate", "-i", "-w", str(os.getpid())))
