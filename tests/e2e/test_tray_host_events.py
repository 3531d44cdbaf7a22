"""The agent with its tray, a real panel, real QEMU and a system bus with python-dbusmock's logind: the computer shuts down, and the work is safe in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from dbus_fast import Variant

from support.agent_shell import agent_on
from support.desk import a_desk
from support.desktop import Panel
from support.system_bus import LOGIND, MANAGER, PrivateBus, private_bus
from support.task_shell import EE
from support.unwatched import let_work

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.qemu, pytest.mark.tray, pytest.mark.timeout(200)]

DELAY_S = 30


async def prepare_for_shutdown(bus: PrivateBus, *, begins: bool) -> None:
    await bus.emit(LOGIND, MANAGER, "PrepareForShutdown", "b", Variant("b", begins))


async def until_locks(bus: PrivateBus, count: int) -> None:
    async with asyncio.timeout(DELAY_S + 30):
        while len(await bus.inhibitors()) != count:
            pass


async def test_the_computer_shuts_down_under_the_tray(tmp_path: Path, appliance_dir: Path) -> None:
    (tmp_path / "system").mkdir()
    async with private_bus(tmp_path / "system") as bus, a_desk(tmp_path) as desk, Panel.at_work(desk.bus) as panel:
        await bus.logind(delay_s=DELAY_S)
        with agent_on(tmp_path / "agent", appliance_dir) as shell:
            let_work(shell.data)
            shell.environment = {name: desk.environment()[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")} | {"QT_QPA_PLATFORM": "xcb"}
            shell.environment |= {"DBUS_SYSTEM_BUS_ADDRESS": bus.address, "XDG_SESSION_ID": "c1"}
            shell.add_task("a", EE.format(events=20_000, seed=7), memory_size_mb="256", minimum_checkpoint_interval="3600")
            agent = await asyncio.to_thread(shell.start, "--tray", "--cores", "1")
            await asyncio.to_thread(shell.until_progress, "a", 0.0)
            await panel.until(lambda item: item.tooltip.startswith("Working: "))
            await until_locks(bus, 1)

            await prepare_for_shutdown(bus, begins=True)
            await until_locks(bus, 0)
            task = await asyncio.to_thread(shell.task, "a")
            assert (task["vm"], task["lost_s"]) == ("saved", 0)
            assert shell.machines() == []
            await panel.until(lambda item: "session" in item.tooltip)

            await prepare_for_shutdown(bus, begins=False)  # called off
            await panel.until(lambda item: item.tooltip.startswith("Working: "))
            await until_locks(bus, 1)
            agent.terminate()
            assert await asyncio.to_thread(agent.wait, 60) == 0
            assert shell.ours() == []
            assert await bus.inhibitors() == []
