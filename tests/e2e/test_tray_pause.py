"""The product's shape, end to end: a click in the tray freezes a real virtual machine, and nothing but a click undoes it."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import psutil
import pytest

from support.agent_shell import AgentShell, agent_on, cpu_seconds
from support.desk import a_desk
from support.desktop import Panel
from support.task_shell import EE
from support.unwatched import let_work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desktop import MenuRow

pytestmark = [pytest.mark.qemu, pytest.mark.tray, pytest.mark.timeout(290)]


@pytest.fixture
def shell(tmp_path: Path, appliance_dir: Path) -> Iterator[AgentShell]:
    with agent_on(tmp_path / "agent", appliance_dir) as found:
        yield found


def _shows_rest(rows: tuple[MenuRow, ...]) -> bool:
    return any(row.text.endswith(" left") for row in rows)


async def test_pause_for_an_hour_by_click_survives_the_agent(shell: AgentShell, tmp_path: Path) -> None:
    shell.add_task("a", EE.format(events=1200, seed=random.SystemRandom().randrange(1, 30_000)))
    async with a_desk(tmp_path) as desk, Panel.at_work(desk.bus) as panel:
        shell.environment |= {name: desk.environment()[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")} | {"QT_QPA_PLATFORM": "xcb"}
        let_work(shell.data)
        agent = await asyncio.to_thread(shell.start, "--tray", "--cores", "1")
        await asyncio.to_thread(shell.until_progress, "a", 0.05)
        item = await panel.until(lambda item: item.tooltip.startswith("Working: "))

        await panel.click(item, "Pause", "For 1 hour")
        item = await panel.until(lambda item: item.tooltip.startswith("Paused by you until "))
        until = item.tooltip
        await asyncio.to_thread(shell.until, lambda: shell.task("a")["vm"] == "paused", "the virtual machine to stand still")
        (machine,) = shell.machines()
        used = cpu_seconds(machine)
        ends = (await asyncio.to_thread(shell.status))["next_change"]
        assert _shows_rest(await panel.menu(item))
        assert cpu_seconds(machine) - used == pytest.approx(0, abs=0.2)

        agent.kill()
        await asyncio.to_thread(agent.wait)
        await asyncio.to_thread(psutil.wait_procs, shell.ours(), 60)
        assert shell.ours() == []
        assert await panel.items() == []

        again = await asyncio.to_thread(shell.start, "--tray", "--cores", "1")
        item = await panel.until(lambda item: item.tooltip == until)
        assert (await asyncio.to_thread(shell.status))["next_change"] == ends  # the countdown goes on
        assert _shows_rest(await panel.menu(item))

        await panel.click(item, "Continue now")
        await panel.until(lambda item: item.tooltip == "No work right now", seconds=200)
        assert shell.result("a") == await asyncio.to_thread(shell.native, "a")
        await panel.click((await panel.items())[0], "Save and quit")
        assert await asyncio.to_thread(again.wait, 60) == 0
        assert shell.ours() == []
