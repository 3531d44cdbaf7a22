"""The first page: what is going on, why, the work at hand, what it has come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from t4t.domain.notification_policy import HOME, Event, page_of
from t4t.domain.session import TrayState
from t4t.gui.commands import PAUSES, Command, is_ending, is_paused, lesses
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Stat
from t4t.gui.components.rows import Picture, Rows, RuleRow, TaskRow
from t4t.gui.less_menu import LessMenu
from t4t.gui.session import reader
from t4t.gui.theme.icons import tray_name
from t4t.gui.theme.tokens import SPACE
from t4t.gui.tray.model import present
from t4t.gui.window.physics_card import PhysicsCard
from t4t.wording import commands, costs, projects, wizard
from t4t.wording import screen as words
from t4t.wording import window as pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.errors import T4TError
    from t4t.domain.session import NoticeView, SessionView, Why
    from t4t.gui.gallery import Gallery
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.wording.screen import RuleText, TaskText

_SECOND_MS: Final = 1000
_GLYPH: Final = 30
_ROOMY: Final = 600


def _fill_rule(row: QWidget, rule: RuleText) -> None:
    if isinstance(row, RuleRow):
        row.fill(rule)


def _fill_task(row: QWidget, task: TaskText) -> None:
    if isinstance(row, TaskRow):
        row.fill(task)


class NoticeCard(Card):
    """Something that waits for the volunteer: what it is, what it means, what to do."""

    def __init__(self, show_page: Callable[[str], object]) -> None:
        """``show_page`` leads to the page where more is said of it."""
        super().__init__(role="banner")
        self._title = label("attention")
        self._body = label()
        self._remedies = label("muted")
        for part in (self._title, self._body, self._remedies):
            self.rows.addWidget(part)
        self._page = HOME
        self._button = button("", lambda: show_page(self._page))
        self.rows.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)

    def fill(self, view: NoticeView) -> None:
        """Show it."""
        told = words.read(view)
        say(self._title, told.title)
        say(self._body, told.body)
        say(self._remedies, "\n".join(told.remedies))
        self.setAccessibleName(f"{told.title}. {told.body}")
        self._page = page_of(Event.NEEDS_YOU, view.code)
        self._button.setVisible(self._page != HOME)
        self._button.setText(pages.open_page(self._page))
        self._button.setAccessibleName(self._button.text())


class Home(Page):
    """Shows a `Session` and sends clicks to it."""

    page_asked = Signal(str)
    """Another page would help."""

    def __init__(self, session: Session, theme: Theme, gallery: Gallery, start_agent: Callable[[], None]) -> None:
        """``start_agent`` is for the button that is shown while no agent runs."""
        super().__init__(theme, "")
        self.setAccessibleName(pages.title("home"))
        self._session = session
        self._serial = -1
        self._announced: tuple[TrayState, Command | None] | None = None
        self._trouble = ""
        self._open_why = False
        self._build_head()
        self._build_banner(start_agent)
        self._build_why()
        self._build_work(gallery)
        self._no_tray = label("muted", words.no_tray_here())
        self._no_tray.hide()
        self.box.addWidget(self._no_tray)
        self.box.addStretch(1)
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
        self._glyph = Picture(self.theme, _GLYPH)
        self._headline = label("headline")
        self._detail = label("muted")
        self._left = label("muted")
        self._project = label("muted")
        self._why_button = button(commands.label("why"), self._toggle_why, role="link")
        sentences = QVBoxLayout()
        sentences.setSpacing(SPACE[0])
        for part in (self._headline, self._detail, self._left, self._project):
            sentences.addWidget(part)
        sentences.addWidget(self._why_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._resume = button(commands.label("resume"), lambda: self._session.send(Command.RESUME), role="primary")
        self._pause = button(commands.label("pause"), self._nothing)
        self._menu = QMenu(self._pause)
        self._prolong = self._menu.addAction(Command.PROLONG.label)
        self._prolong.triggered.connect(lambda: self._session.send(Command.PROLONG))
        self._prolong_line = self._menu.addSeparator()
        for command in PAUSES:
            self._menu.addAction(command.label).triggered.connect(lambda _checked=False, command=command: self._session.send(command))
        self._menu.addSeparator()
        self._finish = self._menu.addAction(Command.FINISH.label)
        self._finish.triggered.connect(lambda: self._session.send(Command.FINISH))
        self._less = LessMenu(self._menu, self._session.send)
        self._menu.addMenu(self._less)
        self._pause.setMenu(self._menu)
        said = QHBoxLayout()
        said.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        said.addLayout(sentences, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self._resume, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addWidget(self._pause, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addStretch(0)
        self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        for layout in (said, buttons, self._top):
            layout.setSpacing(SPACE[2])
        self._top.addLayout(said, 1)
        self._top.addLayout(buttons)
        self.box.addLayout(self._top)

    def _build_banner(self, start_agent: Callable[[], None]) -> None:
        self._banner = Card(role="banner")
        self._banner_text = label()
        self._start = button(commands.start_label(), start_agent, role="primary")
        self._banner.rows.addWidget(self._banner_text)
        self._banner.rows.addWidget(self._start, 0, Qt.AlignmentFlag.AlignLeft)
        self.box.addWidget(self._banner)
        self._setup = Card(role="banner")
        self._setup.rows.addWidget(label(text=wizard.word("unfinished")))
        self._setup.rows.addWidget(button(wizard.word("go_on"), lambda: self.page_asked.emit("setup")), 0, Qt.AlignmentFlag.AlignLeft)
        self._setup.hide()
        self.box.addWidget(self._setup)
        self._notices: list[NoticeCard] = []
        self._notice_box = QVBoxLayout()
        self._notice_box.setSpacing(SPACE[2])
        self.box.addLayout(self._notice_box)

    def _build_why(self) -> None:
        self._why = Card(commands.label("why"))
        self._because = label("muted")
        self._rules: Rows[RuleText] = Rows(lambda: RuleRow(self.theme), _fill_rule)
        self._why.rows.addWidget(self._because)
        self._why.rows.addWidget(self._rules)
        self._why.hide()
        self.box.addWidget(self._why)

    def _build_work(self, gallery: Gallery) -> None:
        self.physics = PhysicsCard(self._session, self.theme, gallery)
        self.physics.page_asked.connect(self.page_asked)
        self._work = Card(words.tasks_title())
        self._empty = label("muted", words.no_tasks())
        self._tasks: Rows[TaskText] = Rows(lambda: TaskRow(self.theme), _fill_task)
        self._work.rows.addWidget(self._empty)
        self._work.rows.addWidget(self._tasks)
        self._part = Card(pages.word("your_part"))
        self._finished = Stat(pages.word("tasks_done"))
        self._credit = Stat(pages.word("credit"))
        self._projects = label("muted")
        self._today = label("muted")
        for part in (self._finished, self._credit, self._projects, self._today):
            self._part.rows.addWidget(part)
        self._part.rows.addStretch(1)
        self._cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._cards.setSpacing(SPACE[3])
        for cards, share in (((self.physics, self.physics.about), 5), ((self._part, self.physics.collision), 2)):
            column = QVBoxLayout()
            column.setSpacing(SPACE[3])
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
            self._cards.addLayout(column, share)
        self.box.addLayout(self._cards)
        self.box.addWidget(self._work)

    @staticmethod
    def _nothing() -> None:
        """A button with a menu opens it by itself."""

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Where it is narrow, or letters are large, things stand below each other."""
        super().resizeEvent(event)
        wide = event.size().width() >= self.theme.px(_ROOMY)
        for layout in (self._top, self._cards):
            layout.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    # --- showing -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is now; the rules are asked for when the view is another one."""
        view, pending = self._session.view, self._session.pending
        self._show_head(view, pending)
        self._show_banner()
        self._show_notices(view)
        for part in (self.physics, self._work, self._part, self._why_button):
            part.setVisible(view is not None)
        self._why.setVisible(view is not None and self._open_why)
        if view is None:
            self._clock.stop()
            self._serial = -1
            return
        at = reader()
        self._tasks.show_all([words.task(task, at) for task in view.tasks])
        self._empty.setVisible(not view.tasks)
        self._tasks.setVisible(bool(view.tasks))
        self._finished.fill(pages.count(view.finished))
        credit = sum(project.user_total for project in view.projects)
        self._credit.fill(pages.number(credit))
        self._credit.setVisible(credit > 0)
        several = view.projects if len(view.projects) > 1 else ()  # a single one has its line at the top
        say(self._projects, "\n".join(pages.project_line(project) for project in several))
        say(self._today, "" if view.spent is None else costs.today(view.spent))
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
        say(self._project, "" if view is None else projects.all_in_short(view.projects, at.now))
        since = "" if view is None else pages.since(view, at)
        say(self._detail, "" if pending is not None else " · ".join(part.removesuffix(".") for part in (said.detail, since) if part))
        state = TrayState.NO_WORK if view is None and self._session.lost is not None else model.state
        self._glyph.show_icon(tray_name(state), self._tint(state))
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
        self._less.offer(() if view is None else lesses(view))
        timed = changes and view is not None and view.next_change is not None
        self._prolong.setVisible(timed)
        self._prolong_line.setVisible(timed)
        self._announce(sentence, of=(state, pending))

    def _tint(self, state: TrayState) -> str:
        """Good while it works, attention where somebody is needed: beside the shape and the words."""
        colors = self.theme.colors
        return {TrayState.WORKING: colors.good, TrayState.GENTLE: colors.good, TrayState.NEEDS_YOU: colors.attention}.get(state, colors.text)

    def _show_banner(self) -> None:
        lost = self._session.lost is not None
        say(self._banner_text, words.not_running() if lost else self._trouble)
        self._start.setVisible(lost)
        self._banner.setVisible(lost or bool(self._trouble))

    def _show_notices(self, view: SessionView | None) -> None:
        told = () if view is None else view.notices
        while len(self._notices) < len(told):
            card = NoticeCard(self.page_asked.emit)
            self._notice_box.addWidget(card)
            self._notices.append(card)
        for number, card in enumerate(self._notices):
            card.setVisible(number < len(told))
            if number < len(told):
                card.fill(told[number])

    def _show_why(self, why: Why) -> None:
        self._rules.show_all(words.rules(why.rules))
        say(self._because, words.explained(why, reader()))

    def _toggle_why(self) -> None:
        self._open_why = not self._open_why
        self._why_button.setText(pages.word("hide_why") if self._open_why else commands.label("why"))
        self._why_button.setAccessibleName(self._why_button.text())
        self._why.setVisible(self._open_why and self._session.view is not None)

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

    def tell_of_setup(self, *, open_: bool) -> None:
        """Whether the first run was left before its end."""
        self._setup.setVisible(open_)

    # --- keyboard ----------------------------------------------------------------------------------------------------

    def show_why(self) -> None:
        """Open the reasons and bring them into view."""
        if not self._open_why:
            self._toggle_why()
        QTimer.singleShot(0, lambda: self.ensureWidgetVisible(self._why))

    def _pause_by_key(self) -> None:
        if self._pause.isEnabled() and self._pause.isVisible():
            self._pause.showMenu()

    def _resume_by_key(self) -> None:
        if self._resume.isEnabled() and self._resume.isVisible():
            self._session.send(Command.RESUME)
