"""The real thing: nothing is set up, somebody opens the window and clicks, and a virtual machine computes the demo project's first result."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from support.desktop import a_process
from support.x_user import XUser
from t4t.api.client import Client
from t4t.bootstrap.checks import doctor
from t4t.domain.errors import AgentMissing
from t4t.domain.session import SessionView, TrayState
from t4t.domain.setting_up import Setup, Step
from t4t.gui.theme.tokens import LIGHT
from t4t.storage.setting_up import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.desk import Desk

pytestmark = [pytest.mark.qemu, pytest.mark.tray, pytest.mark.timeout(290)]

_DOWN: Final = 0xFF54
_SPACE: Final = 0x20
_PATIENCE_S: Final = 2.0
_ALL_STAGES: Final = 600
"""Pixels of the colour of what is well: each of the four signs has 154."""


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


def _stands(data: Path) -> Step:
    return (load(data) or Setup()).step


async def _until(check: Callable[[], bool], what: str, seconds: float = 60) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(check):  # noqa: ASYNC110 - a file or another process, and nobody tells of it
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


def _view(data: Path) -> SessionView:
    with Client(data) as client:
        return client.status()


async def test_from_the_first_start_to_the_first_result(desk: Desk, data: Path, appliance_dir: Path) -> None:
    environment = desk.environment() | {"T4T_APPLIANCE": str(appliance_dir), "QT_QPA_PLATFORM": "xcb", "XDG_CONFIG_HOME": str(desk.folder / "config")}
    watching = environment | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    hopeless = (await asyncio.to_thread(doctor, desk.folder, reach=False)).hopeless
    user = XUser(desk.display)
    try:
        async with a_process(
            sys.executable, "-m", "t4t", "--data-dir", str(data), "window", environment=environment, stderr=asyncio.subprocess.DEVNULL
        ) as window:
            left, top, width, height = await desk.until_window("Test4Theory")

            def go_on() -> None:
                """The button at the lower right, wherever that leads."""
                user.click(left + width - 100, top + height - 42)

            async def past(step: Step) -> None:
                """A button that can't be clicked yet takes no click: then once more."""
                async with asyncio.timeout(100):
                    while _stands(data) is step:
                        go_on()
                        with contextlib.suppress(AssertionError):
                            await _until(lambda: _stands(data) is not step, "the next screen", _PATIENCE_S)

            for step in (Step.WELCOME, Step.COMPUTER, Step.RESOURCES):
                await past(step)
            if not hopeless:  # else the demo is all that is offered, and chosen
                user.press(_DOWN, 3)
                user.press(_SPACE)
            await past(Step.ACCOUNT)
            assert load(data) == Setup(step=Step.PRIVACY, demo=True)
            go_on()
            await _until(lambda: _stands(data) is Step.FIRST_RESULT, "the demo to be joined")
            told = False
            async with asyncio.timeout(200):
                while not (now := await asyncio.to_thread(_view, data)).finished:
                    if now.state is TrayState.WAITING and not told:  # the clicks have told that somebody is here: the same button says otherwise
                        told = True
                        await asyncio.sleep(_PATIENCE_S)  # until the window knows, too
                        go_on()
                    await asyncio.sleep(0.2)
            async with a_process(sys.executable, "-m", "support.screen_watch", LIGHT.good, environment=watching, stdout=asyncio.subprocess.PIPE) as watch:
                assert watch.stdout is not None
                async with asyncio.timeout(30):
                    while int(await watch.stdout.readline() or b"0") < _ALL_STAGES:
                        pass  # each line is a look at the screen
            go_on()
            await _until(lambda: _stands(data) is Step.DONE, "the end")
            assert window.returncode is None
    finally:
        user.close()
