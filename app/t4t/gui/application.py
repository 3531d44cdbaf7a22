"""The one Qt application of a process, or the plain answer that there is no screen for it."""

from __future__ import annotations

import os
import sys
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtWidgets import QApplication

from t4t.gui.theme.icons import app_icon
from t4t.wording import language

NAME: Final = "Test4Theory"
_SCREENLESS: Final = frozenset({"offscreen", "minimal"})


def application(*, on_screen: bool = True, web_pages: bool = False, windows: bool = True) -> QApplication | None:
    """The application; None if ``on_screen`` is wanted and there is none: no display, none that answers, or without the libraries to reach it.

    ``web_pages``: QtWebEngine may be loaded later, which wants to be told before. Without ``windows`` the mark, in all its sizes, is not drawn for them.
    """
    chosen = os.environ.get("QT_QPA_PLATFORM")
    if sys.platform == "linux" and not chosen:
        # Qt would end the process where no display answers; with a last choice that always works it tells us instead
        os.environ["QT_QPA_PLATFORM"] = ("wayland;" if os.environ.get("WAYLAND_DISPLAY") else "") + "xcb;offscreen"
    if web_pages:
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    try:
        made = QApplication(["t4t"])
    finally:
        if sys.platform == "linux" and not chosen:
            del os.environ["QT_QPA_PLATFORM"]
    if on_screen and QApplication.platformName() in _SCREENLESS:
        made.shutdown()
        return None
    made.setApplicationName(NAME)
    write_numbers_as(language.language().value)
    made.setDesktopFileName("t4t")
    if windows:
        made.setWindowIcon(app_icon())
    return made


def write_numbers_as(spoken: str) -> None:
    """What Qt writes by itself (numbers in fields) as in the language that is spoken; as in the system's region if it is the same language."""
    system = QLocale.system()
    QLocale.setDefault(system if system.name().partition("_")[0] == spoken else QLocale(spoken))
