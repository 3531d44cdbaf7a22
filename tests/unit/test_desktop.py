"""Where the agent's work meets Qt: requests to end reach the engine whenever they come; without Qt there is an answer."""

from __future__ import annotations

import asyncio
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


def test_our_own_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert desktop.command(tmp_path, "window", "why") == (sys.executable, "-m", "t4t", "--data-dir", str(tmp_path), "window", "why")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert desktop.command(tmp_path) == (sys.executable, "--data-dir", str(tmp_path))
