"""The tray as a whole: session, icon and trays joined. One object, made by `t4t.bootstrap` in the agent's main thread."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from t4t.gui.session import reader
from t4t.gui.tray.hosts import TrayHosts
from t4t.gui.tray.icon import TrayIcon
from t4t.gui.tray.model import present

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.errors import T4TError
    from t4t.gui.session import Session

_log = logging.getLogger(__name__)


class Tray(QObject):
    """Shows the session in the tray and sends clicks to it."""

    def __init__(self, session: Session, *, open_window: Callable[[str], None], no_tray: Callable[[], None], hosts: TrayHosts | None = None) -> None:
        """``open_window`` gets the name of a page; ``no_tray`` is called once if no tray appears within a minute."""
        super().__init__()
        self._session = session
        self._no_tray = no_tray
        self._icon = TrayIcon(self)
        self._hosts = hosts or TrayHosts(self)
        self._hosts.changed.connect(self._icon.rebuild)
        self._hosts.late.connect(self._judge)
        self._icon.asked.connect(session.send)
        self._icon.page_asked.connect(open_window)
        self._icon.menu_opens.connect(self._show)
        session.changed.connect(self._show)
        session.refused.connect(self._refused)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._show)
        self._show()

    def _show(self) -> None:
        self._icon.show_model(present(self._session.view, reader(), pending=self._session.pending))

    def _judge(self) -> None:
        if not self._icon.has_place:
            self._no_tray()

    def _refused(self, error: T4TError) -> None:
        """The menu shows what is, so a click that failed is seen; why it failed is in the log and in the window."""
        _log.warning("a click was refused: %s", error)

    def take_down(self) -> None:
        """Remove the icon."""
        self._icon.take_down()
