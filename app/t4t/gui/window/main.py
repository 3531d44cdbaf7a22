"""The window's process from start to end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QBoxLayout, QMainWindow, QStackedWidget, QSystemTrayIcon, QWidget

from t4t.gui.application import NAME, application
from t4t.gui.components.nav import Nav
from t4t.gui.components.page import Page
from t4t.gui.dock import show_in_dock
from t4t.gui.gallery import Gallery
from t4t.gui.link import AgentLink
from t4t.gui.session import Session
from t4t.gui.signals import stop_on_signals
from t4t.gui.theme.style import Theme, give_role
from t4t.gui.tray.hosts import TrayHosts
from t4t.gui.window.community import CommunityPage
from t4t.gui.window.computer import Computer
from t4t.gui.window.contribution import Contribution
from t4t.gui.window.help import Help
from t4t.gui.window.home import Home
from t4t.gui.window.news import News
from t4t.gui.window.science import Science
from t4t.gui.window.settings import Settings
from t4t.gui.window.single import OneWindow
from t4t.gui.wizard.frame import Wizard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.gui.window.services import WindowServices

WHY: Final = "why"
SETUP: Final = "setup"
WORDS: Final = "words"
"""A part of the page on science."""
_WIDTH: Final = 1040
_HEIGHT: Final = 700
_LEAST_WIDTH: Final = 360
_LEAST_HEIGHT: Final = 240
_ROOMY: Final = 760
"""Below it the navigation is a bar on top."""
_PATIENCE_MS: Final = 15_000
"""How long an agent that was started may take before it counts as missing."""


class Window(QMainWindow):
    """The one window: the navigation, and its pages, of which one is shown."""

    def __init__(self, session: Session, theme: Theme, services: WindowServices, *, start_agent: Callable[[], None] | None = None) -> None:
        """Not shown yet. ``start_agent``: who starts an agent and tells that it is waited for, if not ``services`` alone."""
        super().__init__()
        self._theme = theme
        give_role(self, "window")
        self.setWindowTitle(NAME)
        self._session = session
        self.gallery = Gallery(services, self)
        self.home = Home(session, theme, self.gallery, start_agent or services.start_agent)
        self._makers: dict[str, Callable[[], QWidget]] = {
            "home": lambda: self.home,
            "science": lambda: Science(session, theme, self.gallery),
            "contribution": lambda: self._leads(Contribution(session, theme)),
            "community": lambda: CommunityPage(session, theme, services),
            "news": lambda: News(session, theme),
            "computer": lambda: Computer(session, theme, services),
            "help": lambda: self._leads(Help(theme, services, session)),
            "settings": lambda: Settings(session, theme),
        }
        self._services = services
        self._more_makers: dict[str, Callable[[], QWidget]] = {SETUP: lambda: self._wizard(theme)}
        self._pages: dict[str, QWidget] = {}
        self.nav = Nav(theme, tuple(self._makers), brand=NAME)
        self._stack = QStackedWidget()
        self.page("home")
        middle = QWidget()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, middle)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self.nav)
        self._box.addWidget(self._stack, 1)
        self.setCentralWidget(middle)
        middle.setFocus()  # the ring comes with the first key, not with the window
        self.setMinimumSize(theme.px(_LEAST_WIDTH), theme.px(_LEAST_HEIGHT))
        self.resize(theme.px(_WIDTH), theme.px(_HEIGHT))
        self._current = "home"
        self.nav.asked.connect(self.show_page)
        self.home.page_asked.connect(self.show_page)
        session.changed.connect(self._count_news)
        self._count_news()
        self._take_keys()

    def _take_keys(self) -> None:
        for standard in (QKeySequence(QKeySequence.StandardKey.Close), QKeySequence(QKeySequence.StandardKey.Quit)):
            if not standard.isEmpty():
                QShortcut(standard, self).activated.connect(self.close)
        for keys, page in zip((*(f"Ctrl+{number}" for number in range(1, 8)), "Ctrl+,"), self._makers, strict=True):
            QShortcut(QKeySequence(keys), self).activated.connect(lambda page=page: self.show_page(page))
        QShortcut(QKeySequence("F1"), self).activated.connect(lambda: self.show_page("help"))
        QShortcut(QKeySequence("F6"), self).activated.connect(self._change_side)

    @property
    def current(self) -> str:
        """The key of the page that is shown."""
        return self._current

    def page(self, key: str) -> QWidget:
        """The page of this name; made when somebody first wants it, so that the window is there at once."""
        if key not in self._pages:
            self._pages[key] = (self._makers | self._more_makers)[key]()
            self._stack.addWidget(self._pages[key])
        return self._pages[key]

    def show_page(self, page: str) -> None:
        """Show ``page``; one that is not known is the first, ``why`` the first with the reasons."""
        key = "science" if page == WORDS else page if page in self._makers or page in self._more_makers else "home"
        before, shown = self.page(self._current), self.page(key)
        if isinstance(before, Page | Science | Wizard) and before is not shown:
            before.depart()
        self._current = key
        self.nav.setVisible(key != SETUP)
        if key in self._makers:
            self.nav.show_current(key)
        self._stack.setCurrentWidget(shown)
        if isinstance(shown, Page | Science | Wizard):
            shown.arrive()
        if page == WHY:
            self.home.show_why()
        if page == WORDS and isinstance(shown, Science):
            shown.show_part(WORDS)

    def come_forward(self, page: str) -> None:
        """Be seen, with ``page``."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.open_at(page)

    def open_at(self, page: str) -> None:
        """Show ``page``; in place of the first one the wizard, as long as somebody is not through with it."""
        self.show_page(SETUP if page == "home" and not self._services.setup().done else page)

    def _wizard(self, theme: Theme) -> Wizard:
        made = Wizard(self._session, theme, self._services)
        made.ended.connect(self._left_wizard)
        return made

    def _left_wizard(self, page: str) -> None:
        self.show_page(page)
        self.home.tell_of_setup(open_=not self._services.setup().done)

    def _leads(self, made: Contribution | Help) -> QWidget:
        """A page with buttons to others."""
        made.page_asked.connect(self.show_page)
        if isinstance(made, Help):
            made.removal.removed.connect(self.close)
        return made

    def _change_side(self) -> None:
        """From the page to the navigation and back, also out of the guest's pages."""
        focus = QApplication.focusWidget()
        if focus is not None and self.nav.isAncestorOf(focus):
            page = self.page(self._current)
            page.setFocus()
            page.focusNextChild()
        else:
            self.nav.focus()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Where it is narrow the navigation lies on top."""
        super().resizeEvent(event)
        narrow = event.size().width() < self._theme.px(_ROOMY)
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        self.nav.be_narrow(narrow=narrow)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Not in the middle of a change to this computer, which would end with our process."""
        computer = self._pages.get("computer")
        wizard, helping = self._pages.get(SETUP), self._pages.get("help")
        for page, changing in (
            ("computer", isinstance(computer, Computer) and computer.checks.changing),
            (SETUP, isinstance(wizard, Wizard) and wizard.changing),
            ("help", isinstance(helping, Help) and helping.removal.removing),
        ):
            if changing:
                self.show_page(page)
                event.ignore()
                return
        self.let_go()
        super().closeEvent(event)

    def let_go(self) -> None:
        """End what shows the guest's pages."""
        science = self._pages.get("science")
        if isinstance(science, Science):
            science.close_view()

    def _count_news(self) -> None:
        view = self._session.view
        self.nav.tell_unread(0 if view is None else sum(project.unread for project in view.projects))


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


def run(path: Path, own_path: Path, *, page: str, services: WindowServices) -> bool:
    """Be the window on the agent at ``path`` until it is closed; False where there is no screen. Raises `FolderUnwritable`."""
    made = application(web_pages=True)
    if made is None:
        return False
    one = OneWindow(own_path)
    if not one.is_first(page):
        return True
    show_in_dock()
    theme = Theme(made)
    session = Session(AgentLink(path))
    starter = Starter(session, services.start_agent)
    window = Window(session, theme, services, start_agent=starter.start)
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
        stack.callback(window.let_go)
        # through the event loop: before that runs, a plain quit would be forgotten
        stack.enter_context(stop_on_signals(lambda: QTimer.singleShot(0, QApplication.quit)))
        session.open()
        window.show()
        QTimer.singleShot(0, lambda: window.open_at(page))
        QApplication.exec()
    return True
