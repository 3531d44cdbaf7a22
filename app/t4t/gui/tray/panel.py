"""The small panel that a click on the icon opens: what is going on, how far it is, pause or continue, and the way to the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QElapsedTimer, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from t4t.domain.session import TrayState
from t4t.gui.commands import PAUSES, Command, is_ending, is_paused, lesses
from t4t.gui.components.basic import button, label, say
from t4t.gui.components.parts import Across
from t4t.gui.components.rows import Picture, Rows, TaskRow
from t4t.gui.less_menu import LessMenu
from t4t.gui.session import reader
from t4t.gui.theme.icons import tray_name
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE
from t4t.gui.tray.model import present
from t4t.wording import commands
from t4t.wording import screen as words
from t4t.wording import tray as tray_words

if TYPE_CHECKING:
    from PySide6.QtGui import QWindow

    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.wording.screen import TaskText

_WIDTH: Final = 360
_GLYPH: Final = 26
_MOST_TASKS: Final = 3
"""More of them are in the window."""
_GAP: Final = 8
_SECOND_MS: Final = 1000
_SAME_CLICK_MS: Final = 300
"""The click that takes the focus away from an open panel may be the one on the icon that is to close it."""


def place(anchor: QRect, size: QSize, room: QRect) -> QPoint:
    """Where a panel of ``size`` is put that belongs to ``anchor``: beside it towards the middle of ``room``, and wholly inside of that if it fits."""
    below = anchor.center().y() < room.center().y()
    top = anchor.bottom() + 1 + _GAP if below else anchor.top() - _GAP - size.height()
    left = anchor.center().x() - size.width() // 2
    furthest = QPoint(room.right() + 1 - _GAP - size.width(), room.bottom() + 1 - _GAP - size.height())
    return QPoint(max(room.left() + _GAP, min(left, furthest.x())), max(room.top() + _GAP, min(top, furthest.y())))


def _fill_task(row: QWidget, task: TaskText) -> None:
    if isinstance(row, TaskRow):
        row.fill(task)


class MiniPanel(QWidget):
    """Shows a `Session` as long as it is open."""

    page_asked = Signal(str)
    """A page of the window was asked for."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Not open."""
        super().__init__(None, Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self._session, self._theme = session, theme
        self._left_at = QElapsedTimer()
        give_role(self, "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setWindowTitle(tray_words.panel())
        self.setAccessibleName(tray_words.panel())
        self.setFixedWidth(theme.px(_WIDTH))
        box = QVBoxLayout(self)
        box.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        box.setSpacing(SPACE[2])
        box.addLayout(self._head())
        self._tasks: Rows[TaskText] = Rows(lambda: TaskRow(theme), _fill_task)
        box.addWidget(self._tasks)
        box.addWidget(self._buttons())
        self._clock = QTimer(self)
        self._clock.setInterval(_SECOND_MS)
        self._clock.timeout.connect(self.refresh)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.hide)
        cast("QGuiApplication", QGuiApplication.instance()).focusWindowChanged.connect(self._focus_went)
        session.changed.connect(self._changed)
        theme.changed.connect(self._changed)

    def _head(self) -> QHBoxLayout:
        self._glyph = Picture(self._theme, _GLYPH)
        self._headline, self._detail, self._left = label("title"), label("muted"), label("muted")
        said = QVBoxLayout()
        said.setSpacing(SPACE[0])
        for part in (self._headline, self._detail, self._left):
            said.addWidget(part)
        said.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(SPACE[2])
        head.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(said, 1)
        return head

    def _buttons(self) -> Across:
        self._resume = button(commands.label("resume"), lambda: self._session.send(Command.RESUME), role="primary")
        self._pause = button(commands.label("pause"), lambda: None)  # its menu opens by itself
        menu = QMenu(self._pause)
        for command in (*PAUSES, Command.FINISH):
            if command is Command.FINISH:
                menu.addSeparator()
            action = menu.addAction(command.label)
            action.triggered.connect(lambda _checked=False, command=command: self._session.send(command))
        self._finish = action
        self._less = LessMenu(menu, self._session.send)
        menu.addMenu(self._less)
        self._pause.setMenu(menu)
        self._open = button(tray_words.open_window(), self._show_window)
        self._open.setAccessibleName(commands.label("open"))
        return Across(self._resume, self._pause, self._open)

    # --- opening and closing -----------------------------------------------------------------------------------------

    def toggle(self, anchor: QRect) -> None:
        """Open beside ``anchor`` (the icon; where the pointer is if that is not known), or close."""
        if self.isVisible() or (self._left_at.isValid() and self._left_at.elapsed() < _SAME_CLICK_MS):
            self.hide()
            return
        self.refresh()
        self.adjustSize()
        beside = anchor if anchor.isValid() and not anchor.isEmpty() else QRect(QCursor.pos(), QSize(1, 1))
        screen = QGuiApplication.screenAt(beside.center()) or QGuiApplication.primaryScreen()
        self.move(place(beside, self.size(), screen.availableGeometry()))
        self.show()
        self.raise_()
        self.activateWindow()
        self.setFocus()  # the ring comes with the first key, not with the panel
        self._clock.start()

    def _focus_went(self, window: QWindow | None) -> None:
        """Who turns to something else has no use for it; its own menu is not something else. Of a tool window Qt never says that it is not active."""
        if self.isVisible() and window is not self.windowHandle() and QApplication.activePopupWidget() is None:
            self.hide()
            self._left_at.start()

    def hide(self) -> None:
        """Nothing is counted while nobody looks."""
        self._clock.stop()
        super().hide()
        self._left_at.invalidate()

    def _show_window(self) -> None:
        self.hide()
        self.page_asked.emit("home")

    # --- showing -----------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        if self.isVisible():
            self.refresh()
            self.adjustSize()

    def refresh(self) -> None:
        """Show what is now."""
        view, pending, at = self._session.view, self._session.pending, reader()
        model = present(view, at, pending=pending)
        colors = self._theme.colors
        tint = {TrayState.WORKING: colors.good, TrayState.GENTLE: colors.good, TrayState.NEEDS_YOU: colors.attention}.get(model.state, colors.text)
        self._glyph.show_icon(tray_name(model.state), tint)
        said = words.connecting() if view is None else words.said(view, at)
        say(self._headline, model.tooltip if pending is not None else said.sentence)
        shown = () if view is None else tuple(words.task(task, at) for task in view.tasks[:_MOST_TASKS])
        say(self._detail, "" if pending is not None or any(task.name == said.detail for task in shown) else said.detail)
        ends = view.next_change if view is not None and pending is None and is_paused(view) else None
        say(self._left, words.time_left(ends - at.now) if ends is not None and ends > at.now else "")
        self._tasks.show_all(shown)
        self._tasks.setVisible(bool(shown))
        able = view is not None and not is_ending(view) and pending is not Command.QUIT
        held = view is not None and (is_paused(view) or view.finishing)
        self._resume.setVisible(held)
        self._resume.setEnabled(able and pending is not Command.RESUME)
        self._pause.setText(commands.label("change" if view is not None and is_paused(view) else "pause"))
        self._pause.setAccessibleName(words.spoken_pause(self._pause.text(), said.sentence))
        self._pause.setEnabled(able)
        self._finish.setVisible(not held and bool(shown))
        self._less.offer(() if view is None else lesses(view))
