"""The one page of the first window: what is going on, why, and the tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from t4t.domain.session import TrayState
from t4t.gui.commands import PAUSES, Command, is_ending, is_paused
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.rows import Picture, Rows, RuleRow, TaskRow
from t4t.gui.session import reader
from t4t.gui.theme.icons import tray_name
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE
from t4t.gui.tray.model import present
from t4t.wording import commands, projects
from t4t.wording import screen as words

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.errors import T4TError
    from t4t.domain.session import SessionView, Why
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.wording.screen import RuleText, TaskText

WHY: Final = "why"
_SECOND_MS: Final = 1000
_GLYPH: Final = 30
_ROOMY: Final = 600


def _fill_rule(row: QWidget, rule: RuleText) -> None:
    if isinstance(row, RuleRow):
        row.fill(rule)


def _fill_task(row: QWidget, task: TaskText) -> None:
    if isinstance(row, TaskRow):
        row.fill(task)


class Home(QScrollArea):
    """Shows a `Session` and sends clicks to it."""

    def __init__(self, session: Session, theme: Theme, start_agent: Callable[[], None]) -> None:
        """``start_agent`` is for the button that is shown while no agent runs."""
        super().__init__()
        self._session = session
        self._theme = theme
        self._serial = -1
        self._announced: tuple[TrayState, Command | None] | None = None
        self._trouble = ""
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        give_role(page, "page")
        self._box = QVBoxLayout(page)
        self._box.setContentsMargins(SPACE[5], SPACE[4], SPACE[5], SPACE[4])
        self._box.setSpacing(SPACE[3])
        self._build_head()
        self._build_banner(start_agent)
        self._why = Card(commands.label("why"))
        self._rules: Rows[RuleText] = Rows(lambda: RuleRow(theme), _fill_rule)
        self._why.rows.addWidget(self._rules)
        self._box.addWidget(self._why)
        self._work = Card(words.tasks_title())
        self._empty = label("muted", words.no_tasks())
        self._tasks: Rows[TaskText] = Rows(lambda: TaskRow(theme), _fill_task)
        self._work.rows.addWidget(self._empty)
        self._work.rows.addWidget(self._tasks)
        self._box.addWidget(self._work)
        self._no_tray = label("muted", words.no_tray_here())
        self._no_tray.hide()
        self._box.addWidget(self._no_tray)
        self._box.addStretch(1)
        self.setWidget(page)
        self._clock = QTimer(self)
        self._clock.setInterval(_SECOND_MS)
        self._clock.timeout.connect(self._show_time)
        for keys, do in (("Ctrl+P", self._pause_by_key), ("Ctrl+R", self._resume_by_key)):
            QShortcut(QKeySequence(keys), self).activated.connect(do)
        theme.changed.connect(self._recolour)
        session.changed.connect(self.refresh)
        session.explained.connect(self._show_why)
        session.refused.connect(self._refused)
        self.refresh()

    # --- building ----------------------------------------------------------------------------------------------------

    def _build_head(self) -> None:
        self._glyph = Picture(self._theme, _GLYPH)
        self._headline = label("headline")
        self._detail = label("muted")
        self._left = label("muted")
        self._project = label("muted")
        sentences = QVBoxLayout()
        sentences.setSpacing(SPACE[0])
        for part in (self._headline, self._detail, self._left, self._project):
            sentences.addWidget(part)
        self._resume = button(commands.label("resume"), lambda: self._session.send(Command.RESUME), role="primary")
        self._pause = button(commands.label("pause"), self._nothing)
        self._menu = QMenu(self._pause)
        for command in PAUSES:
            self._menu.addAction(command.label).triggered.connect(lambda _checked=False, command=command: self._session.send(command))
        self._menu.addSeparator()
        self._finish = self._menu.addAction(Command.FINISH.label)
        self._finish.triggered.connect(lambda: self._session.send(Command.FINISH))
        self._pause.setMenu(self._menu)
        said = QHBoxLayout()
        said.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        said.addLayout(sentences, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self._resume, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addWidget(self._pause, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addStretch(0)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        for layout in (said, buttons, self._head):
            layout.setSpacing(SPACE[2])
        self._head.addLayout(said, 1)
        self._head.addLayout(buttons)
        self._box.addLayout(self._head)

    def _build_banner(self, start_agent: Callable[[], None]) -> None:
        self._banner = Card(role="banner")
        self._banner_text = label()
        self._start = button(commands.start_label(), start_agent, role="primary")
        self._banner.rows.addWidget(self._banner_text)
        self._banner.rows.addWidget(self._start)
        self._box.addWidget(self._banner)

    @staticmethod
    def _nothing() -> None:
        """A button with a menu opens it by itself."""

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Where it is narrow, or letters are large, the buttons go below the sentence."""
        super().resizeEvent(event)
        wide = event.size().width() >= self._theme.px(_ROOMY)
        self._head.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    # --- showing -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is now; the rules are asked for when the view is another one."""
        view, pending = self._session.view, self._session.pending
        self._show_head(view, pending)
        self._show_banner()
        shown = view is not None
        self._why.setVisible(shown)
        self._work.setVisible(shown)
        if view is None:
            self._clock.stop()
            self._serial = -1
            return
        at = reader()
        self._tasks.show_all([words.task(task, at) for task in view.tasks])
        self._empty.setVisible(not view.tasks)
        self._tasks.setVisible(bool(view.tasks))
        if view.serial != self._serial:
            self._serial = view.serial
            self._session.ask_why()
        self._show_time()

    def _recolour(self) -> None:
        """Draw in the new colours what is drawn, the rules' signs too."""
        self._serial = -1
        self.refresh()

    def _show_head(self, view: SessionView | None, pending: Command | None) -> None:
        at = reader()
        model = present(view, at, pending=pending)
        said = words.gone() if view is None and self._session.lost is not None else words.connecting() if view is None else words.said(view, at)
        sentence = model.tooltip if pending is not None else said.sentence
        say(self._headline, sentence)
        say(self._detail, "" if pending is not None else said.detail)
        say(self._project, "" if view is None else projects.all_in_short(view.projects, at.now))
        state = TrayState.NO_WORK if view is None and self._session.lost is not None else model.state
        self._glyph.show_icon(tray_name(state), self._theme.colors.text)
        paused = view is not None and (is_paused(view) or view.finishing)
        able = view is not None and not is_ending(view) and pending is not Command.QUIT
        self._resume.setVisible(paused)
        self._resume.setEnabled(able and pending is not Command.RESUME)
        changes = view is not None and is_paused(view)
        self._pause.setText(commands.label("change" if changes else "pause"))
        self._pause.setAccessibleName(words.spoken_pause(commands.label("change_pause" if changes else "pause"), sentence))
        self._pause.setVisible(view is not None)
        self._pause.setEnabled(able)
        self._finish.setVisible(not paused and view is not None and bool(view.tasks))
        self._announce(sentence, of=(state, pending))

    def _show_banner(self) -> None:
        lost = self._session.lost is not None
        say(self._banner_text, words.not_running() if lost else self._trouble)
        self._start.setVisible(lost)
        self._banner.setVisible(lost or bool(self._trouble))

    def _show_why(self, why: Why) -> None:
        self._rules.show_all(words.rules(why.rules))

    def _show_time(self) -> None:
        """What time alone changes: the rest of a pause. The clock runs only while there is something to count."""
        view, at = self._session.view, reader()
        counts = view is not None and self._session.pending is None and is_paused(view) and view.next_change is not None and view.next_change > at.now
        say(self._left, words.time_left(view.next_change - at.now) if counts and view is not None and view.next_change is not None else "")
        if counts != self._clock.isActive():
            self._clock.start() if counts else self._clock.stop()

    def _announce(self, sentence: str, *, of: tuple[TrayState, Command | None]) -> None:
        """Tell screen readers of a new state, politely; not of each percent."""
        if of == self._announced:
            return
        self._announced = of
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, sentence))

    def _refused(self, error: T4TError) -> None:
        self._trouble = words.refused(error)
        self._show_banner()

    def tell_of_tray(self, *, there: bool) -> None:
        """Whether this desktop shows icons of programs: without one this window is all that is seen of us."""
        self._no_tray.setVisible(not there)

    # --- keyboard ----------------------------------------------------------------------------------------------------

    def show_page(self, page: str) -> None:
        """Bring a part of the page into view."""
        if page == WHY:
            self.ensureWidgetVisible(self._why)

    def _pause_by_key(self) -> None:
        if self._pause.isEnabled() and self._pause.isVisible():
            self._pause.showMenu()

    def _resume_by_key(self) -> None:
        if self._resume.isEnabled() and self._resume.isVisible():
            self._session.send(Command.RESUME)
