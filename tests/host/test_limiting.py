"""Limits of the system's own: systemd's interface on a real bus (systemd itself can't run here: it is spoken for), and the arithmetic of Windows' jobs."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.host.limiting.nothing import Nothing
from t4t.host.limiting.windows import rate_of

if sys.platform != "linux":
    pytest.skip("Linux has it", allow_module_level=True)

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus

from support.desktop import session_bus
from t4t.host.limiting import limiter
from t4t.host.limiting.systemd import Scopes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PID = os.getpid()
UNIT = f"t4t-vm-{PID}.scope"


class Systemd:
    """The part of systemd's manager that is spoken to, as strict as its signatures."""

    def __init__(self, bus: MessageBus, cgroup: Path) -> None:
        self._bus = bus
        self._cgroup = cgroup
        self.quotas: dict[str, int] = {}
        self.moves = True
        bus.add_message_handler(self._handle)

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.path != "/org/freedesktop/systemd1":
            return None
        try:
            return self._answer(message)
        except DBusError as error:
            return Message.new_error(message, error.type, str(error))

    def _answer(self, message: Message) -> Message:
        properties: list[list[Any]]
        match (message.member, message.signature):
            case ("StartTransientUnit", "ssa(sv)a(sa(sv))"):
                unit, mode, properties, auxiliary = message.body
                assert (mode, auxiliary) == ("fail", [])
                if unit in self.quotas:
                    raise DBusError("org.freedesktop.systemd1.UnitExists", f"Unit {unit} was already loaded")
                given_ = {one[0]: one[1] for one in properties}
                assert given_["PIDs"].signature == "au"
                assert given_["PIDs"].value == [PID]
                self._keep(unit, properties)
                if self.moves:
                    self._cgroup.write_text(f"0::/user.slice/app.slice/{unit}\n", encoding="ascii")
                return Message.new_method_return(message, "o", ["/org/freedesktop/systemd1/job/1"])
            case ("SetUnitProperties", "sba(sv)"):
                unit, runtime, properties = message.body
                assert runtime is True
                if unit not in self.quotas:
                    raise DBusError("org.freedesktop.systemd1.NoSuchUnit", f"Unit {unit} not loaded")
                self._keep(unit, properties)
                return Message.new_method_return(message)
            case _:
                raise DBusError("org.freedesktop.DBus.Error.UnknownMethod", f"{message.member} {message.signature}")

    def _keep(self, unit: str, properties: list[list[Any]]) -> None:
        for name, variant in properties:
            if name == "CPUQuotaPerSecUSec":
                assert variant.signature == "t"
                self.quotas[unit] = variant.value


@contextlib.asynccontextmanager
async def systemd(folder: Path) -> AsyncIterator[tuple[Systemd, Scopes]]:
    proc = folder / "proc" / str(PID)
    proc.mkdir(parents=True)
    (proc / "cgroup").write_text("0::/user.slice/app.slice/terminal.scope\n", encoding="ascii")
    async with session_bus(folder) as address:
        bus = await MessageBus(address, bus_type=BusType.SESSION).connect()
        try:
            service = Systemd(bus, proc / "cgroup")
            await bus.request_name("org.freedesktop.systemd1")
            yield service, Scopes(address=address, proc=folder / "proc")
        finally:
            bus.disconnect()


async def test_a_process_gets_a_scope_and_its_limit_changes_with_it(tmp_path: Path) -> None:
    async with systemd(tmp_path) as (service, scopes):
        assert await scopes.limit(PID, None), "no limit is in force where none was asked for"
        assert service.quotas == {}
        assert await scopes.limit(PID, 0.5)
        assert service.quotas == {UNIT: 500_000}
        assert await scopes.limit(PID, 1.5)
        assert service.quotas == {UNIT: 1_500_000}
        assert await scopes.limit(PID, None)
        assert service.quotas == {UNIT: 2**64 - 1}
        await scopes.close()


async def test_one_that_was_left_by_an_earlier_agent_is_taken_over(tmp_path: Path) -> None:
    async with systemd(tmp_path) as (service, scopes):
        service.quotas[UNIT] = 1
        (tmp_path / "proc" / str(PID) / "cgroup").write_text(f"0::/user.slice/{UNIT}\n", encoding="ascii")
        assert await scopes.limit(PID, 2.0)
        assert service.quotas == {UNIT: 2_000_000}


async def test_a_process_that_does_not_arrive_is_not_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t4t.host.limiting.systemd._MOVED_SECONDS", 0.2)
    async with systemd(tmp_path) as (service, scopes):
        service.moves = False
        assert not await scopes.limit(PID, 0.5)


async def test_without_systemd_or_a_bus_nobody_is_limited(tmp_path: Path) -> None:
    async with session_bus(tmp_path) as address:
        scopes = Scopes(address=address)
        assert not await scopes.limit(PID, 0.5)
        assert await scopes.limit(PID, None)
    nowhere = Scopes(address=f"unix:path={tmp_path / 'nothing'}")
    assert not await nowhere.limit(PID, 0.5)
    assert not await Scopes(proc=tmp_path, address="nonsense").limit(PID, 0.5)


async def test_where_the_system_has_nothing() -> None:
    nothing = Nothing()
    assert await nothing.limit(1, None)
    assert not await nothing.limit(1, 0.5)
    await nothing.close()
    assert isinstance(limiter(), Scopes)


@given(cores=st.floats(0.001, 64), processors=st.integers(0, 64))
def test_the_rate_of_a_job_is_a_share_of_the_whole_computer(cores: float, processors: int) -> None:
    rate = rate_of(cores, processors)
    assert 1 <= rate <= 10_000
    if 1 <= cores <= processors:
        assert abs(rate / 10_000 * processors - cores) <= processors / 10_000
