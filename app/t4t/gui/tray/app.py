"""The tray as a whole: session, icon and trays joined. One object, made by `t4t.bootstrap` in the agent's main thread."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from t4t.gui.application import write_numbers_as
from t4t.gui.commands import Command, asks_first
from t4t.gui.session import reader
from t4t.gui.theme.icons import app_icon
from t4t.gui.tray.hosts import TrayHosts
from t4t.gui.tray.icon import HOME, TrayIcon
from t4t.gui.tray.messages import Messages
from t4t.gui.tray.model import present
from t4t.wording import language as spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.errors import T4TError
    from t4t.domain.language import Language
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.gui.tray.leaving import QuitDialog
    from t4t.gui.tray.panel import MiniPanel

_log = logging.getLogger(__name__)

_WAYLAND: Final = "wayland"


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
        self._open_window = open_window
        self._theme: Theme | None = None
        self._panel: MiniPanel | None = None
        self._leaving: QuitDialog | None = None
        self._chosen: Language | None = None
        self._messages = Messages(session, self._icon, open_window, self)
        self._icon.asked.connect(self._asked)
        self._icon.clicked.connect(self._clicked)
        self._icon.message_clicked.connect(self._messages.clicked)
        self._icon.page_asked.connect(open_window)
        self._icon.menu_opens.connect(self._show)
        session.changed.connect(self._show)
        session.refused.connect(self._refused)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._show)
        self._show()

    def _show(self) -> None:
        view = self._session.view
        if view is not None and view.language is not self._chosen:
            self._speak_anew(view.language)
        self._icon.show_model(present(self._session.view, reader(), pending=self._session.pending))

    def _speak_anew(self, chosen: Language | None) -> None:
        """The agent, in whose process we are, speaks another language: what was opened is made anew when somebody wants it again."""
        if self._chosen is not None:
            write_numbers_as(spoken.language().value)
            self._put_away()
        self._chosen = chosen

    def _dressed(self) -> Theme:
        """The look of our own surfaces, made when somebody wants to see one: most days nobody does."""
        if self._theme is None:
            from t4t.gui.theme.style import Theme  # noqa: PLC0415 - see above

            QApplication.setWindowIcon(app_icon())
            self._theme = Theme(cast("QApplication", QApplication.instance()))
        return self._theme

    def _clicked(self) -> None:
        """The panel; where programs can't say where a window goes (Wayland), the window itself."""
        if QGuiApplication.platformName() == _WAYLAND:
            self._open_window(HOME)
            return
        if self._panel is None:
            from t4t.gui.tray.panel import MiniPanel  # noqa: PLC0415 - most days nobody wants to see it

            self._panel = MiniPanel(self._session, self._dressed())
            self._panel.page_asked.connect(self._open_window)
        self._panel.toggle(self._icon.place)

    def _asked(self, command: Command) -> None:
        view = self._session.view
        if command is Command.QUIT and view is not None and asks_first(view):
            if self._leaving is None:
                from t4t.gui.tray.leaving import QuitDialog  # noqa: PLC0415 - as above

                self._leaving = QuitDialog(self._session, self._dressed())
            self._leaving.ask()
        else:
            self._session.send(command)

    def _judge(self) -> None:
        if not self._icon.has_place:
            self._no_tray()

    def _refused(self, error: T4TError) -> None:
        """The menu shows what is, so a click that failed is seen; why it failed is in the log and in the window."""
        _log.warning("a click was refused: %s", error)

    def take_down(self) -> None:
        """Remove the icon, and what it opened."""
        self._put_away()
        self._icon.take_down()

    def _put_away(self) -> None:
        for opened in (self._panel, self._leaving):
            if opened is not None:
                opened.hide()
                opened.deleteLater()
        self._panel = self._leaving = None
