"""Linux: the VM's process moves into a scope of its own at the user's systemd, whose cgroup has the limit (cgroup v2 ``cpu.max``).

Seen in systemd's own interface: ``StartTransientUnit`` takes processes that are there (``PIDs``), ``SetUnitProperties`` changes the quota of a unit that runs,
and a scope ends by itself with its last process. Without systemd, or where it has no processor controller, the process stays in a cgroup without a limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dbus_fast import BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, InvalidAddressError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_log = logging.getLogger(__name__)

_SERVICE: Final = "org.freedesktop.systemd1"
_PATH: Final = "/org/freedesktop/systemd1"
_MANAGER: Final = "org.freedesktop.systemd1.Manager"
_EXISTS: Final = "org.freedesktop.systemd1.UnitExists"
_CALL_SECONDS: Final = 5.0
_MOVED_SECONDS: Final = 2.0
_STEP_SECONDS: Final = 0.05
_SECOND_US: Final = 1_000_000
_NO_LIMIT: Final = 2**64 - 1
_FAILED: Final = (OSError, EOFError, TimeoutError, DBusError, AuthError, InvalidAddressError, ValueError)
"""What connecting or calling may raise when there is no bus or nobody on it."""


class Scopes:
    """One scope for each process that was to be limited."""

    def __init__(self, *, address: str | None = None, proc: Path = Path("/proc")) -> None:
        """``address`` of the user's bus, if it is not the session's own."""
        self._address = address
        self._proc = proc

    async def limit(self, pid: int, cores: float | None) -> bool:
        """See `t4t.engine.parts.Limiter.limit`."""
        unit = f"t4t-vm-{pid}.scope"
        quota = _NO_LIMIT if cores is None else max(1, round(cores * _SECOND_US))
        try:
            async with self._bus() as bus:
                if not self._is_in(pid, unit):
                    if cores is None:
                        return True
                    await self._move(bus, pid, unit, quota)
                await _call(bus, "SetUnitProperties", "sba(sv)", unit, True, [["CPUQuotaPerSecUSec", Variant("t", quota)]])  # noqa: FBT003 - as D-Bus has it
        except _FAILED as error:
            _log.info("systemd holds nobody here: %s", error)
            return cores is None
        return True

    async def _move(self, bus: MessageBus, pid: int, unit: str, quota: int) -> None:
        """Raises `TimeoutError` if the process does not arrive."""
        properties = [
            ["Description", Variant("s", "Test4Theory virtual machine")],
            ["PIDs", Variant("au", [pid])],
            ["CPUQuotaPerSecUSec", Variant("t", quota)],
        ]
        try:
            await _call(bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail", properties, [])
        except DBusError as error:
            if error.type != _EXISTS:
                raise
        for _ in range(round(_MOVED_SECONDS / _STEP_SECONDS)):  # it is a job of systemd's, and the call does not wait for it
            if self._is_in(pid, unit):
                return
            await asyncio.sleep(_STEP_SECONDS)
        raise TimeoutError

    def _is_in(self, pid: int, unit: str) -> bool:
        try:
            return f"/{unit}" in (self._proc / str(pid) / "cgroup").read_text(encoding="utf-8")
        except OSError:
            return False

    @contextlib.asynccontextmanager
    async def _bus(self) -> AsyncIterator[MessageBus]:
        async with asyncio.timeout(_CALL_SECONDS):
            bus = await MessageBus(self._address, bus_type=BusType.SESSION).connect()
        try:
            yield bus
        finally:
            bus.disconnect()

    async def close(self) -> None:
        """Each scope ends with its process."""


async def _call(bus: MessageBus, member: str, signature: str, *body: object) -> None:
    message = Message(destination=_SERVICE, path=_PATH, interface=_MANAGER, member=member, signature=signature, body=list(body))
    async with asyncio.timeout(_CALL_SECONDS):
        reply = await bus.call(message)
    if reply is None:
        raise EOFError
    if reply.message_type is MessageType.ERROR:
        raise DBusError(reply.error_name or _SERVICE, str(reply.body[0]) if reply.body else "", reply)
