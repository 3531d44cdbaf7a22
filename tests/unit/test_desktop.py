"""Where the agent's work meets Qt: requests to end reach the engine whenever they come; without Qt there is an answer."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from t4t import desktop
from t4t.bootstrap.services import Services
from t4t.bootstrap.window import WindowWork
from t4t.domain.errors import NoScreen

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_request_from_another_thread_reaches_the_engine() -> None:
    stop, asked = desktop.Stop(), asyncio.Event()
    with stop.takes(asked.set):
        thread = threading.Thread(target=stop)
        thread.start()
        await asyncio.wait_for(asked.wait(), 10)
        thread.join()
    stop()  # the engine is gone; nothing happens


async def test_a_request_before_the_engine_began_is_kept() -> None:
    stop, asked = desktop.Stop(), asyncio.Event()
    stop()
    with stop.takes(asked.set):
        assert asked.is_set()


def test_without_qt_there_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "t4t.gui.agent", None)  # what Python does when a library is missing
    monkeypatch.setitem(sys.modules, "t4t.gui.window.main", None)
    monkeypatch.delattr("t4t.gui.agent", raising=False)
    monkeypatch.delattr("t4t.gui.window.main", raising=False)
    assert not desktop.run_agent(tmp_path, lambda _stopping: pytest.fail("the work was begun"))
    with pytest.raises(NoScreen):
        desktop.show_window(tmp_path, "home", WindowWork(Services(tmp_path)))


@pytest.mark.unmeasured  # what measures keeps its notes in a database
@pytest.mark.parametrize(
    ("shown", "later"),
    [
        ("t4t.bootstrap.beginning, t4t.gui.agent", ("t4t.bootstrap.agent", "t4t.engine", "t4t.boinc", "t4t.transfer", "t4t.gui.window", "aiohttp", "sqlite3")),
        ("t4t.bootstrap.window, t4t.gui.window.main", ("t4t.bootstrap.agent", "t4t.boinc", "t4t.engine", "t4t.gui.window.help", "t4t.gui.wizard", "aiohttp")),
    ],
    ids=["tray", "window"],
)
def test_what_is_needed_later_is_loaded_later(shown: str, later: tuple[str, ...]) -> None:
    """Tray and window are to be on the screen at once."""
    code = f"import sys, t4t.bootstrap.command, {shown}\nprint(*sys.modules)"
    loaded = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.startswith(later)] == []


def test_our_own_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert desktop.command(tmp_path, "window", "why") == (sys.executable, "-m", "t4t", "--data-dir", str(tmp_path), "window", "why")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert desktop.command(tmp_path) == (sys.executable, "--data-dir", str(tmp_path))
