"""The tray in an XEmbed panel, the older kind: no session bus, a real panel program."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from support.desktop import a_process

if TYPE_CHECKING:
    from support.desk import Desk

pytestmark = pytest.mark.tray
_PANEL = ("trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "32")


async def _windows(desk: Desk) -> str:
    process = await asyncio.create_subprocess_exec("xwininfo", "-root", "-tree", env=desk.environment(), stdout=asyncio.subprocess.PIPE)
    text, _ = await process.communicate()
    return text.decode()


def _docked(windows: str) -> bool:
    """Whether a window of ours of a panel's size lies inside of the panel's window."""
    panel = re.search(r'^( +)0x[0-9a-f]+ "panel": \("panel" "trayer"\).*\n', windows, re.MULTILINE)
    if panel is None:
        return False
    inside = re.split(rf"^ {{0,{len(panel[1])}}}\S", windows[panel.end() :], maxsplit=1, flags=re.MULTILINE)[0]
    return re.search(r'"t4t": \("t4t" "t4t"\)  (\d\d)x(\d\d)', inside) is not None


async def _until_docked(desk: Desk) -> None:
    async with asyncio.timeout(20):
        while not _docked(await _windows(desk)):
            pass  # each look waits for a process


async def test_the_icon_docks(desk: Desk) -> None:
    desk.bus = "unix:path=/nonexistent"
    async with a_process(*_PANEL, environment=desk.environment()), desk.tray():
        await _until_docked(desk)


async def test_the_icon_docks_in_a_late_panel_and_in_its_successor(desk: Desk) -> None:
    desk.bus = "unix:path=/nonexistent"
    async with desk.tray(patience_ms=0):
        assert await desk.next_said() == "no tray"
        assert not _docked(await _windows(desk))
        for _ in range(2):
            async with a_process(*_PANEL, environment=desk.environment()):
                await _until_docked(desk)
            assert not _docked(await _windows(desk))
