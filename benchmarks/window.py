"""How soon tray, window and the guest's page are there, how soon a click on “Pause” is seen and acts, and what is left of the window when it is closed.

``make window-bench``: on an X server and a session bus of its own, with a real virtual machine; all starts are warm ones. Each run adds a line of figures to
``docs/evidence/window.jsonl``.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil
from dbus_fast import Variant

from idle import pss_mib
from support.agent_shell import AgentShell, agent_on
from support.desk import Desk, a_desk
from support.desktop import Panel, a_process
from support.task_shell import EE
from support.unwatched import let_work
from t4t.api.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[1]
ROUNDS: Final = 7
_PLOT: Final = "#d7e5fa"
"""The area below the guest's histograms, which has a colour that nothing of ours has."""
_SEEN: Final = 500
"""So many pixels of it are no accident."""
_CALM_S: Final = 5.0
_BUDGET: Final = {
    "tray ready, s": 0.5,
    "window ready, s": 1.0,
    "guest's page after the window, s": 2.0,
    "click on Pause is seen, ms": 100.0,
    "click on Pause to a VM that stands still, ms": 300.0,
    "left after the window was closed, MiB": 5.0,
}


async def measure(folder: Path, appliance: Path) -> dict[str, list[float]]:
    """Each figure, as often as it was taken."""
    found: dict[str, list[float]] = {name: [] for name in _BUDGET}
    (folder / "desk").mkdir()
    with agent_on(folder / "agent", appliance) as shell:
        async with a_desk(folder / "desk") as desk, Panel.at_work(desk.bus) as panel:
            shell.environment |= {name: desk.environment()[name] for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")} | {"QT_QPA_PLATFORM": "xcb"}
            await _tray(shell, panel, found["tray ready, s"])
            let_work(shell.data)
            shell.add_task("a", EE.format(events=2_000_000, seed=7))
            agent = await asyncio.to_thread(shell.start, "--tray", "--cores", "1")
            await asyncio.to_thread(shell.until_progress, "a", 0.0001)
            await panel.until(lambda item: item.tooltip.startswith("Working"), 60)
            await _pauses(shell, panel, found)
            await panel.until(lambda item: item.tooltip.startswith("Working"), 60)
            await _windows(shell, desk, psutil.Process(agent.pid), found)
    return found


async def _tray(shell: AgentShell, panel: Panel, into: list[float]) -> None:
    """From the command to the icon in the panel, without work."""
    command = (sys.executable, "-m", "t4t", "--data-dir", str(shell.data), "run", "--tray", "--hypervisor", "fake")
    environment = os.environ | shell.environment
    for number in range(ROUNDS + 1):
        begun = time.monotonic()
        async with a_process(*command, environment=environment, stderr=asyncio.subprocess.DEVNULL):
            await panel.until(lambda _: True)
            if number:  # the first one is cold
                into.append(time.monotonic() - begun)
        while await panel.items():  # noqa: ASYNC110 - each look asks the bus
            await asyncio.sleep(0.1)


async def _pauses(shell: AgentShell, panel: Panel, found: dict[str, list[float]]) -> None:
    """From the click on a row that is open already."""
    for _ in range(ROUNDS):
        item = await panel.until(lambda item: item.tooltip.startswith("Working"), 60)
        rows = next(row for row in await panel.menu(item) if row.text == "Pause").below
        row = next(row for row in rows if row.text == "For 1 hour")
        standing = asyncio.create_task(asyncio.to_thread(_until_it_stands, shell.data))
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        await panel._call(item.owner, item.menu, "com.canonical.dbusmenu.Event", "isvu", [row.id, "clicked", Variant("s", ""), 0])  # noqa: SLF001 - a click without opening the menu first
        await panel.until(lambda item: item.tooltip.startswith("Paus"))
        found["click on Pause is seen, ms"].append(1000 * (time.monotonic() - begun))
        found["click on Pause to a VM that stands still, ms"].append(1000 * (await standing - begun))
        await asyncio.to_thread(shell.ask, "resume")


def _until_it_stands(data: Path) -> float:
    with Client(data) as client:
        while not any(task.vm.value == "paused" for task in client.status().tasks):
            time.sleep(0.002)
    return time.monotonic()


async def _windows(shell: AgentShell, desk: Desk, agent: psutil.Process, found: dict[str, list[float]]) -> None:
    """The page with the guest's own, opened and closed again and again; memory is that of all that is not the machine."""
    environment = os.environ | shell.environment | {"QTWEBENGINE_DISABLE_SANDBOX": "1", "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    command = (sys.executable, "-m", "t4t", "--data-dir", str(shell.data), "window", "science")
    before = None
    for number in range(ROUNDS + 1):
        async with a_process(sys.executable, "-m", "support.screen_watch", _PLOT, environment=environment, stdout=asyncio.subprocess.PIPE) as watch:
            await _until(watch, lambda pixels: pixels == 0)
            begun = time.monotonic()
            async with a_process(*command, environment=environment, stderr=asyncio.subprocess.DEVNULL) as window:
                await desk.until_window("Test4Theory")
                ready = time.monotonic()
                await _until(watch, lambda pixels: pixels > _SEEN)
                if number:
                    found["window ready, s"].append(ready - begun)
                    found["guest's page after the window, s"].append(time.monotonic() - ready)
                window.terminate()
                await window.wait()
        await asyncio.sleep(_CALM_S)
        memory = _memory(shell, agent)
        if before is None:
            before = memory  # with what the first look at a page leaves in the agent, which is had once
        else:
            found["left after the window was closed, MiB"].append(memory - before)


def _memory(shell: AgentShell, agent: psutil.Process) -> float:
    machines = {machine.pid for machine in shell.machines()}
    return sum(pss_mib(process) for process in shell.ours() if process.pid not in machines) or pss_mib(agent)


async def _until(watch: asyncio.subprocess.Process, check: Callable[[int], bool]) -> None:
    if watch.stdout is None:
        raise RuntimeError("nobody looks at the screen")
    async with asyncio.timeout(120):
        while not check(int(await watch.stdout.readline())):
            pass


def shown(found: dict[str, list[float]]) -> dict[str, Any]:
    """Medians and the worst, beside the budget."""
    return {
        name: {"median": round(statistics.median(values), 3), "worst": round(max(values), 3), "times": len(values), "budget": _BUDGET[name]}
        for name, values in found.items()
    }


def main() -> None:
    """Measure, print, and write down."""
    appliance = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance").resolve()
    with tempfile.TemporaryDirectory() as folder:
        figures = shown(asyncio.run(measure(Path(folder), appliance)))
    for name, figure in figures.items():
        print(f"{name:48}{figure['median']:10}{figure['worst']:10}   at most {figure['budget']}")
    line = {
        "at": time.strftime("%Y-%m-%d %H:%M"),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "figures": figures,
    }
    with (ROOT / "docs" / "evidence" / "window.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
