"""Take the pictures of `docs/screenshots` anew: ``PYTHONPATH=app:tests .venv/bin/python -m support.screenshots docs/screenshots``. Needs no screen."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_SCALE_FACTOR"] = "2"

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from support.api_thread import an_agent
from support.scripted_engine import a_task
from t4t.domain.policy import Level
from t4t.domain.session import Activity, TrayState
from t4t.domain.vm import VmState
from t4t.gui.application import application
from t4t.gui.link import AgentLink
from t4t.gui.session import Session
from t4t.gui.theme.icons import render, tray_name
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import DARK, LIGHT
from t4t.gui.window.main import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

_SIZES: Final = (16, 22, 24, 32, 48)
_SCHEMES: Final = {"light": LIGHT, "dark": DARK}


def _until(made: QApplication, check: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not check():
        made.processEvents()
        if time.monotonic() > end:
            raise TimeoutError


def _windows(made: QApplication, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data, an_agent(Path(data)) as agent:
        session = Session(AgentLink(agent.path))
        chosen = [LIGHT]
        theme = Theme(made, choose=lambda _: chosen[0])
        window = Window(session, theme, lambda: None)
        window.show()
        session.open()
        waiting = a_task(key="k2", name="theory_2279-3862", activity=Activity.QUEUED, vm=VmState.ABSENT, fraction=0.0, elapsed_s=0.0)
        for name, colors in _SCHEMES.items():
            chosen[0] = colors
            theme.dress()
            agent.show(state=TrayState.WORKING, deciding="base", level=Level.FULL, next_change=None, tasks=(a_task(last_checkpoint=time.time() - 240), waiting))
            _until(made, lambda: session.view is not None and session.view.state is TrayState.WORKING)
            _take(made, window, folder / f"window-{name}.png")
            frozen = a_task(activity=Activity.PAUSED, vm=VmState.PAUSED)
            agent.show(state=TrayState.PAUSED_BY_YOU, deciding="manual_pause", level=Level.PAUSED, next_change=time.time() + 47 * 60, tasks=(frozen, waiting))
            _until(made, lambda: session.view is not None and session.view.state is TrayState.PAUSED_BY_YOU)
            _take(made, window, folder / f"window-paused-{name}.png")
        session.close()


def _take(made: QApplication, window: Window, path: Path) -> None:
    end = time.monotonic() + 0.5  # the rules come with a second answer
    _until(made, lambda: time.monotonic() > end)
    window.grab().save(str(path))


def _tray(folder: Path) -> None:
    column, row = sum(size + 16 for size in _SIZES) + 16, 64
    image = QImage(2 * column + 220, row * len(TrayState), QImage.Format.Format_RGB32)
    image.fill(QColor(LIGHT.window))
    painter = QPainter(image)
    font = QFont()
    font.setPixelSize(14)
    painter.setFont(font)
    for number, state in enumerate(TrayState):
        painter.setPen(QColor(LIGHT.text))
        painter.drawText(QRect(16, number * row, 190, row), Qt.AlignmentFlag.AlignVCenter, state.value.replace("_", " "))
        for left, colors in ((220, LIGHT), (220 + column, DARK)):
            painter.fillRect(left, number * row, column, row, QColor(colors.window))
            x = left + 16
            for size in _SIZES:
                painter.drawImage(x, number * row + (row - size) // 2, render(tray_name(state), size, colors.text))
                x += size + 16
    painter.end()
    image.save(str(folder / "tray-icons.png"))


def main() -> None:
    """Write the pictures into the folder that is the first argument."""
    made = application(on_screen=False)
    assert made is not None
    folder = Path(sys.argv[1])
    _windows(made, folder)
    _tray(folder)


if __name__ == "__main__":
    main()
