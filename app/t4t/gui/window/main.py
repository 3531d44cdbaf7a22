"""The window's process from start to end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Protocol, cast, runtime_checkable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QBoxLayout, QMainWindow, QStackedWidget, QSystemTrayIcon, QWidget

from t4t.gui.application import NAME, application, write_numbers_as
from t4t.gui.components.nav import Nav
from t4t.gui.dock import show_in_dock
from t4t.gui.gallery import Gallery
from t4t.gui.link import AgentLink
from t4t.gui.session import Session
from t4t.gui.signals import stop_on_signals
from t4t.gui.theme.icons import app_icon
from t4t.gui.theme.style import Theme, give_role
from t4t.gui.tray.hosts import TrayHosts
from t4t.gui.window import pages
from t4t.gui.window.home import Home
from t4t.gui.window.single import OneWindow
from t4t.wording import language

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.language import Language
    from t4t.gui.window.computer import Computer
    from t4t.gui.window.contribution import Contribution
    from t4t.gui.window.help import Help
    from t4t.gui.window.science import Science
    from t4t.gui.window.services import WindowServices
    from t4t.gui.window.settings import Settings
    from t4t.gui.wizard.frame import Wizard

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


@runtime_checkable
class _Visited(Protocol):
    """What wants to know that somebody looks at it."""

    def arrive(self) -> None:
        """Somebody does."""
        ...

    def depart(self) -> None:
        """Nobody does any more."""
        ...


class Window(QMainWindow):
    """The one window: the navigation, and its pages, of which one is shown."""

    def __init__(self, session: Session, theme: Theme, services: WindowServices, *, start_agent: Callable[[], None] | None = None) -> None:
        """Not shown yet. ``start_agent``: who starts an agent and tells that it is waited for, if not ``services`` alone."""
        super().__init__()
        self._theme = theme
        give_role(self, "window")
        self.setWindowTitle(NAME)
        self._session = session
        self._start_agent = start_agent or services.start_agent
        self.gallery = Gallery(services, self)
        self._makers: dict[str, Callable[[], QWidget]] = {
            "home": lambda: self.home,
            "science": lambda: pages.science(session, theme, self.gallery),
            "contribution": lambda: self._leads(pages.contribution(session, theme)),
            "community": lambda: pages.community(session, theme, services),
            "news": lambda: pages.news(session, theme),
            "computer": lambda: pages.computer(session, theme, services),
            "help": lambda: self._help(pages.helping(theme, services, session)),
            "settings": lambda: pages.settings(session, theme),
        }
        self._services = services
        self._more_makers: dict[str, Callable[[], QWidget]] = {SETUP: lambda: self._wizard(theme)}
        self._pages: dict[str, QWidget] = {}
        self._chosen = services.language()
        self._told: Language | None = None
        """The language of the last view of the agent's."""
        self._has_tray = True
        self._stack = QStackedWidget()
        middle = QWidget()
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, middle)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self._stack, 1)
        self._current = "home"
        self._build()
        self.setCentralWidget(middle)
        middle.setFocus()  # the ring comes with the first key, not with the window
        self.setMinimumSize(theme.px(_LEAST_WIDTH), theme.px(_LEAST_HEIGHT))
        self.resize(theme.px(_WIDTH), theme.px(_HEIGHT))
        session.changed.connect(self._look_at_language)
        session.changed.connect(self._count_news)
        self._take_keys()

    def _build(self) -> None:
        """The navigation and the first page; the others are made when somebody first wants them."""
        self.nav = Nav(self._theme, tuple(self._makers), brand=NAME)
        self.nav.asked.connect(self.show_page)
        self._box.insertWidget(0, self.nav)
        self.home = Home(self._session, self._theme, self.gallery, self._start_agent)
        self.home.page_asked.connect(self.show_page)
        self.page("home")
        self._count_news()

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
        if isinstance(before, _Visited) and before is not shown:
            before.depart()
        self._current = key
        self.nav.setVisible(key != SETUP)
        if key in self._makers:
            self.nav.show_current(key)
        self._stack.setCurrentWidget(shown)
        if isinstance(shown, _Visited):
            shown.arrive()
        if page == WHY:
            self.home.show_why()
        if page == WORDS and self._science is not None:
            self._science.show_part(WORDS)

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
        made = pages.wizard(self._session, theme, self._services)
        made.ended.connect(self._left_wizard)
        made.chose.connect(self._speak_anew)
        return made

    def _left_wizard(self, page: str) -> None:
        self.show_page(page)
        self.home.tell_of_setup(open_=not self._services.setup().done)

    def tell_of_tray(self, *, there: bool) -> None:
        """Whether this desktop shows icons of programs."""
        self._has_tray = there
        self.home.tell_of_tray(there=there)

    # --- its language ------------------------------------------------------------------------------------------------

    def _look_at_language(self) -> None:
        """Speak what was chosen somewhere else (in the settings, in a terminal), as soon as nothing is under way that a page must see the end of."""
        view, wizard = self._session.view, self._first_run
        chosen = None if view is None else view.language
        if chosen is None or chosen is self._told or self._changing or (wizard is not None and wizard.keeps_language):
            return
        self._told = chosen
        if chosen is not self._chosen:
            self._services.speak(chosen)
            if wizard is not None:
                wizard.speak_anew(chosen)
            self._speak_anew(chosen)

    def _speak_anew(self, chosen: Language) -> None:
        """All pages are made again, in the language that is spoken now; but for the wizard, which does that itself."""
        self._chosen = chosen
        write_numbers_as(language.language().value)
        self.let_go()
        part = "" if self._science is None else self._science.current
        setting = "" if self._settings is None else self._settings.at
        for key in [key for key in self._pages if key != SETUP]:
            old = self._pages.pop(key)
            self._stack.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._box.removeWidget(self.nav)
        self.nav.hide()
        self.nav.deleteLater()
        self._build()
        self._arrange()
        self.home.tell_of_tray(there=self._has_tray)
        self.home.tell_of_setup(open_=self._current != SETUP and not self._services.setup().done)
        if self._current == SETUP:
            self.nav.hide()
            return
        self.page(self._current)
        if self._science is not None:
            self._science.show_part(part)
        if self._settings is not None and setting:
            self._settings.go_to(setting)
        self.show_page(self._current)

    def _leads(self, made: Contribution | Help) -> QWidget:
        """A page with buttons to others."""
        made.page_asked.connect(self.show_page)
        return made

    def _help(self, made: Help) -> QWidget:
        made.removal.removed.connect(self.close)
        return self._leads(made)

    # Pages that must be asked something: None until somebody wants them. What they are made of is not loaded for asking.

    @property
    def _science(self) -> Science | None:
        return cast("Science | None", self._pages.get("science"))

    @property
    def _settings(self) -> Settings | None:
        return cast("Settings | None", self._pages.get("settings"))

    @property
    def _computer(self) -> Computer | None:
        return cast("Computer | None", self._pages.get("computer"))

    @property
    def _helping(self) -> Help | None:
        return cast("Help | None", self._pages.get("help"))

    @property
    def _first_run(self) -> Wizard | None:
        return cast("Wizard | None", self._pages.get(SETUP))

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
        self._arrange()

    def _arrange(self) -> None:
        narrow = self.width() < self._theme.px(_ROOMY)
        self._box.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        self.nav.be_narrow(narrow=narrow)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Not in the middle of a change to this computer, which would end with our process."""
        if self._changing:
            self.show_page(self._changing)
            event.ignore()
            return
        self.let_go()
        super().closeEvent(event)

    @property
    def _changing(self) -> str:
        """The page on which this computer is being changed, or nothing."""
        if self._computer is not None and self._computer.checks.changing:
            return "computer"
        if self._helping is not None and self._helping.removal.removing:
            return "help"
        return SETUP if self._first_run is not None and self._first_run.changing else ""

    def let_go(self) -> None:
        """End what shows the guest's pages."""
        if self._science is not None:
            self._science.close_view()

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
    made = application(web_pages=True, windows=False)
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
        window.tell_of_tray(there=QSystemTrayIcon.isSystemTrayAvailable())

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
        QTimer.singleShot(0, lambda: made.setWindowIcon(app_icon()))  # drawn in all its sizes, which takes as long as the first page
        QApplication.exec()
    return True
