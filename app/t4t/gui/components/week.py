"""A week of half hours that is drawn on, by mouse and by keyboard: the weekly schedule and the cheap hours, as a row of the settings."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import msgspec
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from t4t.domain.settings.layers import Origin
from t4t.domain.settings.tree import Hours, Response, Span
from t4t.domain.settings.week import DAYS, SLOTS, Week, cheap_week, hours_of, is_exact, painted, planned_week, spans_of, time_of
from t4t.gui.components.basic import button, label, say
from t4t.gui.components.parts import Across
from t4t.gui.theme.tokens import FOCUS, SPACE
from t4t.wording import hours as words
from t4t.wording import settings as setting
from t4t.wording import settings_page as pages

if TYPE_CHECKING:
    from t4t.domain.settings.fields import Field
    from t4t.domain.settings.view import SettingView
    from t4t.gui.theme.style import Theme

_ROW: Final = 24
_DAY: Final = 44
_HEAD: Final = 22
_LEAST_SLOT: Final = 4
_EACH: Final = 6
"""Every sixth hour has its number."""
_HEIGHTS: Final[dict[Response | bool, float]] = {
    Response.GO_ON: 1.0,
    Response.GENTLE: 0.55,
    Response.ONE_CORE: 0.25,
    Response.PAUSE: 0.0,
    True: 1.0,
    False: 0.0,
}
"""The more, the higher: no colour has to be seen."""


def _bar(of: QRectF, level: Response | bool) -> QRectF:  # noqa: FBT001 - what a half hour is
    """The part of a cell that is filled."""
    return of.adjusted(0, of.height() * (1 - _HEIGHTS[level]), 0, 0)


class WeekGrid(QWidget):
    """Seven days of half hours."""

    drawn = Signal(range, range)
    """Somebody drew over these days and half hours."""
    chosen = Signal(int)
    """A key chose a level by its number, from 0, and draws it."""

    def __init__(self, theme: Theme) -> None:
        """All empty."""
        super().__init__()
        self._theme = theme
        self._week: Week[Any] = planned_week((), Response.PAUSE)
        self._at = (0, 0)
        self._from = (0, 0)
        self._dragging = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def fill(self, week: Week[Any]) -> None:
        """Show it."""
        self._week = week
        self.update()

    @property
    def selected(self) -> tuple[range, range]:
        """The days and half hours that are selected; one at least."""
        days, slots = (sorted(pair) for pair in zip(self._at, self._from, strict=True))
        return range(days[0], days[1] + 1), range(slots[0], slots[1] + 1)

    # --- where is what -----------------------------------------------------------------------------------------------

    @functools.cached_property
    def _day(self) -> int:
        """How wide the days' names are, in the language in which this was made."""
        self.ensurePolished()
        widest = max(self.fontMetrics().horizontalAdvance(words.day(day)) for day in DAYS)
        return max(self._theme.px(_DAY), widest + SPACE[1])

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Wide enough to be aimed at."""
        px = self._theme.px
        return QSize(self._day + SLOTS * px(2 * _LEAST_SLOT), px(_HEAD) + len(DAYS) * px(_ROW) + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as half hours can be."""
        return QSize(self._day + SLOTS * _LEAST_SLOT, self.sizeHint().height())

    def cell(self, day: int, slot: int) -> QRectF:
        """Where a half hour is."""
        px = self._theme.px
        wide = (self.width() - self._day - 2) / SLOTS
        left = self._day + slot * wide
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            left = self.width() - left - wide
        return QRectF(left, px(_HEAD) + day * px(_ROW), wide, px(_ROW))

    def _hit(self, point: QPoint) -> tuple[int, int | None]:
        """The day and the half hour below a point, as near as there is one; no half hour: the day's name."""
        px = self._theme.px
        x = self.width() - point.x() if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else point.x()
        day = min(max((point.y() - px(_HEAD)) // px(_ROW), 0), len(DAYS) - 1)
        slot = int((x - self._day) * SLOTS / max(1, self.width() - self._day - 2))
        return day, None if x < self._day else min(slot, SLOTS - 1)

    # --- painting ----------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Names, hours, levels, and what is selected."""
        colors = self._theme.colors
        painter = QPainter(self)
        color = QColor(colors.accent if self.isEnabled() else colors.control)
        painter.setPen(QColor(colors.muted))
        for hour in range(0, 24, _EACH):
            first, last = self.cell(0, 2 * hour), self.cell(0, 2 * (hour + _EACH) - 1)
            painter.drawText(first.united(last).adjusted(0, -self._theme.px(_HEAD), 0, -self._theme.px(_ROW)), self._lead(), time_of(2 * hour))
        for number, day in enumerate(DAYS):
            row = self.cell(number, 0).united(self.cell(number, SLOTS - 1))
            name = QRectF(0, row.top(), self._day, row.height())
            if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
                name.moveRight(self.width())
            painter.setPen(QColor(colors.text))
            painter.drawText(name, self._lead(), words.day(day))
            for slot, level in enumerate(self._week[number]):
                painter.fillRect(_bar(self.cell(number, slot).adjusted(0, 2, 0, -2), level), color)
            painter.setPen(QColor(colors.control))
            painter.drawRect(row.adjusted(0, 2, 0, -2))
            painter.setPen(QColor(colors.line))
            for hour in range(_EACH, 24, _EACH):
                edge = self.cell(number, 2 * hour)
                x = edge.right() if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else edge.left()
                painter.drawLine(QPoint(round(x), round(row.top()) + 3), QPoint(round(x), round(row.bottom()) - 3))
        if self.hasFocus() or self._dragging:
            days, slots = self.selected
            corner, other = self.cell(days[0], slots[0]), self.cell(days[-1], slots[-1])
            painter.setPen(QPen(QColor(colors.text), FOCUS))
            painter.drawRect(corner.united(other).adjusted(0, 1, 0, -1))
        painter.end()

    def _lead(self) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute

    # --- by mouse ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """From here; on a day's name all of that day."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        day, slot = self._hit(event.position().toPoint())
        self._from, self._at = (day, slot or 0), (day, SLOTS - 1 if slot is None else slot)
        self._dragging = True
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """To there."""
        if self._dragging:
            day, slot = self._hit(event.position().toPoint())
            self._at = (day, self._at[1] if slot is None else slot)
            self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """That is it."""
        if self._dragging:
            self._dragging = False
            self.drawn.emit(*self.selected)

    # --- by keyboard -------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Arrows go, with Shift they select; Space and Return draw, a number chooses and draws."""
        key = Qt.Key(event.key())
        number = key.value - Qt.Key.Key_1.value
        if key in {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.drawn.emit(*self.selected)
        elif 0 <= number < len(Response):
            self.chosen.emit(number)
        elif key is Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._from, self._at = (0, 0), (len(DAYS) - 1, SLOTS - 1)
            self._moved()
        elif (to := self._target(key)) is not None:
            self._at = to
            if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._from = to
            self._moved()
        else:
            super().keyPressEvent(event)

    def _target(self, key: Qt.Key) -> tuple[int, int] | None:
        day, slot = self._at
        step = -1 if self.layoutDirection() is Qt.LayoutDirection.RightToLeft else 1
        match key:
            case Qt.Key.Key_Left:
                slot -= step
            case Qt.Key.Key_Right:
                slot += step
            case Qt.Key.Key_Up:
                day -= 1
            case Qt.Key.Key_Down:
                day += 1
            case Qt.Key.Key_Home:
                slot = 0
            case Qt.Key.Key_End:
                slot = SLOTS - 1
            case _:
                return None
        return min(max(day, 0), len(DAYS) - 1), min(max(slot, 0), SLOTS - 1)

    def _moved(self) -> None:
        self.update()
        days, slots = self.selected
        if len(days) == len(slots) == 1:
            text = words.spoken(days[0], slots[0], slots[0] + 1, self._week[days[0]][slots[0]])
        else:
            text = words.selected((days[0], days[-1]), slots[0], slots[-1] + 1)
        self.announce(text)

    def announce(self, text: str) -> None:
        """Say it to who listens."""
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """The selection is seen."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """And no more."""
        super().focusOutEvent(event)
        self.update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Locked, or not."""
        super().changeEvent(event)
        self.update()


class _Sample(QWidget):
    """What a level looks like in the picture."""

    def __init__(self, theme: Theme, level: Response | bool) -> None:  # noqa: FBT001 - what a half hour is
        super().__init__()
        self._theme, self._level = theme, level
        self.setFixedSize(theme.px(20), theme.px(14))
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A piece of it."""
        painter = QPainter(self)
        painter.fillRect(_bar(QRectF(self.rect()), self._level), QColor(self._theme.colors.accent))
        painter.setPen(QColor(self._theme.colors.control))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class HoursRow(QWidget):
    """One setting that is hours of a week: see `t4t.gui.components.fields.FieldRow`, whose signals these are."""

    asked = Signal(str, object)
    """Set the setting at this path to this value, as plain data."""
    reset_asked = Signal(str)
    """As if the setting at this path had never been set."""

    def __init__(self, theme: Theme, field: Field) -> None:
        """Without a value. With ``spans`` there are levels, else it is yes or no."""
        super().__init__()
        self.field = field
        self._levels: tuple[Response | bool, ...] = tuple(Response) if field.name == "spans" else (True, False)
        self._ground: Response | bool = Response.GO_ON if field.name == "spans" else False
        self._hours: tuple[Hours, ...] = ()
        self._name = label(text=setting.name(field))
        self._origin = label("small")
        self._note = label("small")
        self._summary = label("small")
        self._reset = button(pages.word("reset"), lambda: self.reset_asked.emit(field.path), role="link")
        self._reset.setAccessibleName(f"{pages.word('reset')}: {setting.name(field)}")
        self.grid = self.control = WeekGrid(theme)
        self.grid.setAccessibleName(setting.name(field))
        self.grid.drawn.connect(self._drawn)
        self.grid.chosen.connect(self._chosen)
        self._group = QButtonGroup(self)
        self._brushes = [self._brush(theme, number, level) for number, level in enumerate(self._levels)]
        self._group.button(len(self._levels) - 1 if field.name == "spans" else 0).setChecked(True)
        self._editor = QWidget()
        editor = QVBoxLayout(self._editor)
        editor.setContentsMargins(0, 0, 0, 0)
        editor.setSpacing(SPACE[0])
        editor.addWidget(label("small", words.word("how")))
        editor.addWidget(Across(*self._brushes))
        editor.addWidget(self.grid)
        editor.addWidget(self._note)
        self._editor.hide()
        self._toggle = button("", lambda: self.open_editor(open_=self._editor.isHidden()))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        box.setSpacing(SPACE[0])
        head = QHBoxLayout()
        head.setSpacing(SPACE[3])
        texts = QVBoxLayout()
        texts.setSpacing(0)
        for part in (self._name, self._summary, self._origin):
            texts.addWidget(part)
        texts.addWidget(self._reset, 0, Qt.AlignmentFlag.AlignLeft)
        head.addLayout(texts, 1)
        head.addWidget(self._toggle, 0, Qt.AlignmentFlag.AlignTop)
        box.addLayout(head)
        box.addWidget(self._editor)
        self.open_editor(open_=False)

    def _brush(self, theme: Theme, number: int, level: Response | bool) -> QWidget:  # noqa: FBT001 - what a half hour is to be
        made = button(words.brush(number + 1, level), functools.partial(self.grid.setFocus, Qt.FocusReason.OtherFocusReason), role="nav")
        made.setAccessibleName(words.level(level))
        made.setCheckable(True)
        self._group.addButton(made, number)
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE[0])
        row.addWidget(_Sample(theme, level))
        row.addWidget(made)
        return both

    # --- showing -----------------------------------------------------------------------------------------------------

    def open_editor(self, *, open_: bool) -> None:
        """Show the week to draw on, or put it away."""
        self._editor.setVisible(open_)
        self._toggle.setText(words.word("done" if open_ else "edit"))
        self._toggle.setAccessibleName(f"{self._toggle.text()}: {setting.name(self.field)}")

    def fill(self, view: SettingView) -> None:
        """Show the value in force; a locked one can't be changed."""
        kind = Span if self.field.name == "spans" else Hours
        self._hours = tuple(msgspec.convert(one, kind) for one in view.value)
        free = view.origin is not Origin.LOCKED
        for part in (self.grid, *self._brushes):
            part.setEnabled(free)
        say(self._origin, pages.origin(view))
        self._reset.setVisible(view.origin in {Origin.HERE, Origin.ACCOUNT})
        self._show()

    def show_ground(self, otherwise: str) -> None:
        """What happens where nothing is said, as the setting for that has it."""
        self._ground = Response(otherwise)
        self._show()

    def _show(self) -> None:
        self.grid.fill(self._week())
        text = words.summary(self._hours)
        say(self._summary, text)
        say(self._note, "" if is_exact(self._hours) else words.word("rounded"))
        self.grid.setAccessibleDescription(text)

    def _week(self) -> Week[Any]:
        if isinstance(self._ground, Response):
            return planned_week([one for one in self._hours if isinstance(one, Span)], self._ground)
        return cheap_week(self._hours)

    # --- drawing -----------------------------------------------------------------------------------------------------

    def _chosen(self, number: int) -> None:
        if number < len(self._levels):
            self._group.button(number).setChecked(True)
            self._drawn(*self.grid.selected)

    def _drawn(self, days: range, slots: range) -> None:
        level = self._levels[self._group.checkedId()]
        week = painted(self._week(), days, slots, level)
        self.grid.fill(week)
        self.grid.announce(words.spoken(days[0], slots[0], slots[-1] + 1, level))
        value = spans_of(week, self._ground) if isinstance(self._ground, Response) else hours_of(week)
        if value != self._hours:
            self._hours = value  # what is drawn before the answer comes is drawn on this
            self.asked.emit(self.field.path, msgspec.to_builtins(value))
