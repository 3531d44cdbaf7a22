"""Keeping awake: real locks on a real bus, a real program, a call."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from dbus_fast import Variant

from support.host_doubles import SECONDS
from support.system_bus import private_bus
from t4t.host.awake import AwakeByCall, AwakeByProgram

if sys.platform == "linux":
    from t4t.host.awake import AwakeByBuses

if TYPE_CHECKING:
    from pathlib import Path

    from support.system_bus import PrivateBus

MOCK = "org.freedesktop.DBus.Mock"
GNOME = ("org.gnome.SessionManager", "/org/gnome/SessionManager")


async def locks(bus: PrivateBus, count: int) -> list[list[str]]:
    """The inhibitors, once there are ``count``."""
    async with asyncio.timeout(SECONDS):
        while len(found := await bus.inhibitors()) != count:
            pass
    return found


async def test_locks_of_logind_and_the_desktop(tmp_path: Path) -> None:
    async with private_bus(tmp_path) as bus:
        await bus.logind()
        await bus.plain_mock(*GNOME, GNOME[0], Nothing=Variant("u", 0))
        await bus.call(GNOME, MOCK, "AddMethod", "sssss", GNOME[0], "Inhibit", "susu", "u", "ret = 1")
        awake = AwakeByBuses(system=bus.address, session=bus.address)
        assert await awake.keep("computing")
        assert await awake.keep("computing")
        assert await locks(bus, 1) == [["idle", "Test4Theory", "computing", "block"]]
        calls = (await bus.call(GNOME, MOCK, "GetMethodCalls", "s", "Inhibit"))[0]
        assert [[value.value for value in call[1]] for call in calls] == [["Test4Theory", 0, "computing", 4]]
        await awake.let_go()
        await locks(bus, 0)
        await awake.let_go()
        assert await awake.keep("again")
        await locks(bus, 1)
        await awake.let_go()


async def test_nobody_to_ask(tmp_path: Path) -> None:
    async with private_bus(tmp_path) as bus:
        assert not await AwakeByBuses(system=bus.address, session=f"unix:path={tmp_path}/none").keep("computing")


async def test_a_program_that_keeps_awake() -> None:
    awake = AwakeByProgram((sys.executable, "-c", "input()"))
    command = AwakeByProgram((sys.executable, "-c", "import time; time.sleep(600)"))
    assert await command.keep("")
    process = command._process
    assert process is not None
    assert await command.keep("")
    assert command._process is process
    await command.let_go()
    assert process.returncode is not None
    await command.let_go()
    assert await awake.keep("")
    await awake.let_go()
    assert not await AwakeByProgram(("/no/such/caffeinate",)).keep("")


async def test_a_call_that_keeps_awake() -> None:
    calls: list[bool] = []

    def set_state(keep: bool) -> bool:  # noqa: FBT001 - as the product's
        calls.append(keep)
        return True

    awake = AwakeByCall(set_state)
    assert await awake.keep("")
    await awake.let_go()
    assert calls == [True, False]
