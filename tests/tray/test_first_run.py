"""The real thing: nothing is set up, somebody opens the window and clicks, and a virtual machine computes the demo project's first result."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest

from support.desktop import a_process
from support.first_run_walk import walk
from support.program import PROGRAM
from t4t.api.client import Client
from t4t.bootstrap.checks import doctor
from t4t.domain.errors import AgentMissing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk
    from t4t.domain.session import SessionView

pytestmark = [pytest.mark.qemu, pytest.mark.tray, pytest.mark.timeout(290)]


@pytest.fixture
def data(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder in which nothing is set up; the agent that the window starts ends with the test."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    folder = desk.folder / "data"
    folder.mkdir()
    # the other tests beside it disturb nobody
    (folder / "settings.toml").write_text("[when]\nbusy_slow_percent = 0\nbusy_pause_percent = 0\n", encoding="utf-8")
    yield folder
    left = [one for one in psutil.process_iter(["cmdline"]) if str(folder) in (one.info["cmdline"] or ())]
    with contextlib.suppress(AgentMissing), Client(folder) as client:
        client.call("quit")
    _, alive = psutil.wait_procs(left, 60)
    for process in alive:
        process.kill()
    assert alive == []


def _view(data: Path) -> SessionView:
    with Client(data) as client:
        return client.status()


async def test_from_the_first_start_to_the_first_result(desk: Desk, data: Path, appliance_dir: Path) -> None:
    environment = desk.environment() | {"T4T_APPLIANCE": str(appliance_dir), "QT_QPA_PLATFORM": "xcb", "XDG_CONFIG_HOME": str(desk.folder / "config")}
    hopeless = (await asyncio.to_thread(doctor, desk.folder, reach=False)).hopeless

    def view() -> tuple[str, int]:
        now = _view(data)
        return now.state.value, now.finished

    command = (*PROGRAM, "--data-dir", str(data), "window")
    async with a_process(*command, environment=environment, stderr=asyncio.subprocess.DEVNULL) as window:
        await walk(environment, data, only_demo=hopeless, view=view)
        assert window.returncode is None
