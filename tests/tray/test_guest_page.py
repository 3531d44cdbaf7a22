"""The real thing: an agent, a virtual machine, the window, and inside of it the guest's own page, seen on the screen."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from support.agent_shell import AgentShell, agent_on
from support.desktop import a_process, x_server
from support.task_shell import EE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("PySide6.QtWebEngineWidgets") is None, reason="there is no QtWebEngine here"),
    pytest.mark.qemu,
    pytest.mark.tray,
    pytest.mark.timeout(290),
]

PLOT = "#d7e5fa"
"""The area below the guest's histograms, which has a colour that nothing of ours has."""


@pytest.fixture
def shell(tmp_path: Path, appliance_dir: Path) -> Iterator[AgentShell]:
    with agent_on(tmp_path / "agent", appliance_dir) as found:
        yield found


async def _until(watch: asyncio.subprocess.Process, check: Callable[[int], bool], seconds: float = 100) -> int:
    """Wait for a look at the screen that ``check`` accepts."""
    assert watch.stdout is not None
    async with asyncio.timeout(seconds):
        while line := await watch.stdout.readline():
            if check(int(line)):
                return int(line)
    raise AssertionError("nobody looks at the screen any more")


async def test_the_guests_page_is_seen_in_the_window_goes_with_a_pause_and_comes_back(shell: AgentShell) -> None:
    shell.add_task("a", EE.format(events=200_000, seed=7))
    async with x_server() as display:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "WAYLAND", "XDG_RUNTIME"))}
        # root is whom CI and laboratories run as; what the product does then is tested in tests/unit/gui/test_guest.py
        environment |= {"DISPLAY": display, "QTWEBENGINE_DISABLE_SANDBOX": "1", "QT_QPA_PLATFORM": "xcb"}
        watching = environment | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
        await asyncio.to_thread(shell.start, "--cores", "1")
        command = (sys.executable, "-m", "t4t", "--data-dir", str(shell.data), "window", "science")
        async with (
            a_process(sys.executable, "-m", "support.screen_watch", PLOT, environment=watching, stdout=asyncio.subprocess.PIPE) as watch,
            a_process(*command, environment=environment, stderr=asyncio.subprocess.DEVNULL) as window,
        ):
            await _until(watch, lambda pixels: pixels > 500)
            await asyncio.to_thread(shell.ask, "pause", "1h")
            await _until(watch, lambda pixels: pixels == 0)
            await asyncio.to_thread(shell.ask, "resume")
            await _until(watch, lambda pixels: pixels > 500)
            processes = psutil.Process(window.pid).children(recursive=True)
            assert any("QtWebEngine" in process.name() for process in processes)
            window.terminate()
            assert await asyncio.wait_for(window.wait(), 30) == 0
            _, left = await asyncio.to_thread(psutil.wait_procs, processes, 20)
            assert left == []  # its memory is given back
