"""The window's process from start to end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from t4t.gui.application import NAME, application
from t4t.gui.link import AgentLink
from t4t.gui.session import Session
from t4t.gui.signals import stop_on_signals
from t4t.gui.theme.style import Theme, give_role
from t4t.gui.tray.hosts import TrayHosts
from t4t.gui.window.home import Home
from t4t.gui.window.single import OneWindow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WIDTH: Final = 760
_HEIGHT: Final = 560
_LEAST_WIDTH: Final = 360
_LEAST_HEIGHT: Final = 240
_PATIENCE_MS: Final = 15_000
"""How long an agent that was started may take before it counts as missing."""


class Window(QMainWindow):
    """The one window."""

    def __init__(self, session: Session, theme: Theme, start_agent: Callable[[], None]) -> None:
        """Not shown yet."""
        super().__init__()
        give_role(self, "window")
        self.setWindowTitle(NAME)
        self.home = Home(session, theme, start_agent)
        self.setCentralWidget(self.home)
        self.setMinimumSize(theme.px(_LEAST_WIDTH), theme.px(_LEAST_HEIGHT))
        self.resize(theme.px(_WIDTH), theme.px(_HEIGHT))
        for keys in (QKeySequence(QKeySequence.StandardKey.Close), QKeySequence(QKeySequence.StandardKey.Quit)):
            if not keys.isEmpty():
                QShortcut(keys, self).activated.connect(self.close)

    def come_forward(self, page: str) -> None:
        """Be seen, with ``page``."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.home.show_page(page)


class Starter:
    """Starts an agent once where none is found, and says later whether it came."""

    def __init__(self, session: Session, start_agent: Callable[[], None]) -> None:
        """Waits for the session's first loss."""
        self._session = session
        self._start_agent = start_agent
        self._tried = False
        session.changed.connect(self._look)

    def _look(self) -> None:
        if self._session.view is not None:
            self._tried = True  # it was there; if it ends now, that was meant
        elif self._session.lost is not None and not self._tried:
            self.start()

    def start(self) -> None:
        """Start it, and show that it is being waited for."""
        self._tried = True
        self._session.wait_anew(_PATIENCE_MS)
        self._start_agent()


def run(path: Path, own_path: Path, *, page: str, start_agent: Callable[[], None]) -> bool:
    """Be the window on the agent at ``path`` until it is closed; False where there is no screen. Raises `FolderUnwritable`."""
    made = application()
    if made is None:
        return False
    one = OneWindow(own_path)
    if not one.is_first(page):
        return True
    theme = Theme(made)
    session = Session(AgentLink(path))
    starter = Starter(session, start_agent)
    window = Window(session, theme, starter.start)
    one.asked.connect(window.come_forward)
    hosts = TrayHosts(window)

    def look_for_tray() -> None:
        window.home.tell_of_tray(there=QSystemTrayIcon.isSystemTrayAvailable())

    hosts.changed.connect(look_for_tray)
    hosts.late.connect(look_for_tray)
    look_for_tray()
    with contextlib.ExitStack() as stack:
        stack.callback(one.close)
        stack.callback(session.close)
        # through the event loop: before that runs, a plain quit would be forgotten
        stack.enter_context(stop_on_signals(lambda: QTimer.singleShot(0, QApplication.quit)))
        session.open()
        window.show()
        QTimer.singleShot(0, lambda: window.home.show_page(page))
        QApplication.exec()
    return True
