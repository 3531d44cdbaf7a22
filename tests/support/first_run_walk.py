"""Somebody at the screen who has never seen the program: from the welcome, click by click, to the demo project's first result.

As a program (``python -m support.first_run_walk SETUP.json``) it walks through an installed copy, in another root and as another user; what it saw is printed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from support.desktop import a_process, until_window
from support.x_user import XUser
from t4t.bootstrap.checks import doctor
from t4t.domain.session import TrayState
from t4t.domain.setting_up import Setup, Step
from t4t.gui.theme.tokens import LIGHT
from t4t.storage.setting_up import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DOWN: Final = 0xFF54
_SPACE: Final = 0x20
_PATIENCE_S: Final = 2.0
_ALL_STAGES: Final = 600
"""Pixels of the colour of what is well: each of the four signs has 154."""


def _stands(data: Path) -> Step:
    return (load(data) or Setup()).step


async def _until(check: Callable[[], bool], what: str, seconds: float = 60) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(check):  # noqa: ASYNC110 - a file or another process, and nobody tells of it
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


async def walk(environment: Mapping[str, str], data: Path, *, only_demo: bool, view: Callable[[], tuple[str, int]]) -> None:
    """Through a window that is opening on the screen of ``environment``; ``view`` asks the agent for its state and how much is finished."""
    user = XUser(environment["DISPLAY"])
    watching = dict(environment) | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), "QT_QPA_PLATFORM": "xcb"}
    try:
        left, top, width, height = await until_window("Test4Theory", environment, seconds=60)

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
        if not only_demo:  # else it is all that is offered, and chosen
            user.press(_DOWN, 3)
            user.press(_SPACE)
        await past(Step.ACCOUNT)
        assert load(data) == Setup(step=Step.PRIVACY, demo=True)
        go_on()
        await _until(lambda: _stands(data) is Step.FIRST_RESULT, "the demo to be joined")
        told = False
        async with asyncio.timeout(200):
            while not (now := await asyncio.to_thread(view))[1]:
                if now[0] == TrayState.WAITING.value and not told:  # the clicks have told that somebody is here: the same button says otherwise
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
    finally:
        user.close()


async def _installed(told: dict[str, Any]) -> dict[str, Any]:
    """``told``: the words before each command (another root, another user), their environment, the data folder from here, and the screen."""
    environment = {"PATH": os.environ["PATH"], "DISPLAY": told["display"]}
    before, theirs = told["before"], dict(told["environment"])

    def ask(*words: str) -> dict[str, Any]:
        done = subprocess.run([*before, "t4t", "--json", *words], env=theirs, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        found = json.loads(done.stdout) if done.stdout.strip() else {}
        assert isinstance(found, dict)
        return found

    def view() -> tuple[str, int]:
        found = ask("status")
        return str(found.get("state", "")), int(found.get("finished", 0))

    with tempfile.TemporaryDirectory() as folder:
        only_demo = (await asyncio.to_thread(doctor, Path(folder), reach=False)).hopeless  # it is the same computer
    async with a_process(*before, "t4t", "window", environment=theirs | {"DISPLAY": told["display"]}, stderr=asyncio.subprocess.DEVNULL) as window:
        await walk(environment, Path(told["data"]), only_demo=only_demo, view=view)
        return {"finished": view()[1], "window is open": window.returncode is None, "only the demo": only_demo}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_installed(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))))
