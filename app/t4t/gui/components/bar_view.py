"""A chart of bars that can be read: by mouse, by keyboard, by ear."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QLineF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from t4t.gui.components.ticks import linear_labels, linear_ticks
from t4t.gui.theme.tokens import FOCUS, RADIUS_CONTROL
from t4t.wording import contribution as words

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme
    from t4t.wording.contribution import Chart

_WIDTH: Final = 480
_HEIGHT: Final = 200
_LEAST_WIDTH: Final = 200
_LEAST_HEIGHT: Final = 130
_LETTERS: Final = 12
_INSET: Final = 6.0
_GAP: Final = 8.0
_LABEL_GAP: Final = 12.0
_ROW: Final = 38.0
_AIR: Final = 1.06
_FILL: Final = 0.7
_THIN: Final = 4.0
"""Narrower bars have no room for one between them."""
_FEWEST: Final = 7
"""So many places a chart has at least: one bar as wide as the page would tell nothing."""
_MIDDLE: Final = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class BarView(QWidget):
    """One chart."""

    pointed = Signal(int)
    """The bar that is read; -1 for none."""

    def __init__(self, theme: Theme, *, own: bool = True) -> None:
        """Nothing is shown. ``own``: the volunteer's own data, which have the accent colour; else everybody's."""
        super().__init__()
        self._theme = theme
        self._own = own
        self._chart: Chart | None = None
        self._area = QRectF()
        self._place = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumSize(theme.px(_LEAST_WIDTH), theme.px(_LEAST_HEIGHT))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Wide enough for its labels."""
        return QSize(self._theme.px(_WIDTH), self._theme.px(_HEIGHT))

    @property
    def chart(self) -> Chart | None:
        """What is drawn."""
        return self._chart

    @property
    def place(self) -> int:
        """The bar that is read; -1 for none."""
        return self._place

    def fill(self, chart: Chart) -> None:
        """Draw ``chart``."""
        self._chart = chart
        self.setAccessibleName(chart.spoken())
        self.setAccessibleDescription(f"{chart.about} {words.word('hint')}".strip())
        self.point(self._place if self._place < len(chart.values) else -1)

    def point(self, place: int) -> None:
        """Read this bar."""
        self._place = place
        self.pointed.emit(place)
        self.update()

    # --- by hand -----------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Read the bar below the pointer."""
        x = event.position().x()
        inside = self._chart is not None and not self._chart.is_empty and self._area.left() <= x < self._area.right()
        place = int((x - self._area.left()) / self._step) if inside else -1
        place = place if place < self._count else -1
        if place != self._place:
            self.point(place)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Who reads by keyboard goes on reading."""
        super().leaveEvent(event)
        if not self.hasFocus():
            self.point(-1)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Nobody reads any more."""
        super().focusOutEvent(event)
        self.point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Arrows, Home and End go from bar to bar; Escape ends that."""
        last = -1 if self._chart is None or self._chart.is_empty else self._count - 1
        match event.key():
            case _ if last < 0:
                super().keyPressEvent(event)
            case Qt.Key.Key_Right:
                self._read(min(self._place + 1, last))
            case Qt.Key.Key_Left:
                self._read(last if self._place < 0 else max(self._place - 1, 0))
            case Qt.Key.Key_Home:
                self._read(0)
            case Qt.Key.Key_End:
                self._read(last)
            case Qt.Key.Key_Escape if self._place >= 0:
                self.point(-1)
            case _:
                super().keyPressEvent(event)

    def _read(self, place: int) -> None:
        self.point(place)
        if self._chart is not None:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._chart.value(place)))

    # --- drawing -----------------------------------------------------------------------------------------------------

    @property
    def _count(self) -> int:
        return 0 if self._chart is None else len(self._chart.values)

    @property
    def _step(self) -> float:
        """How wide one bar is, with the room beside it."""
        return max(1e-9, self._area.width() / max(self._count, _FEWEST))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The axes, the bars, the ring of who has the keyboard."""
        super().paintEvent(event)
        painter = QPainter(self)
        font = QFont(self.font())
        font.setPixelSize(self._theme.px(_LETTERS))
        painter.setFont(font)
        if self._chart is not None:
            room = QRectF(self.rect()).adjusted(_INSET, _INSET, -_INSET, -_INSET)
            if self._chart.is_empty:
                painter.setPen(QColor(self._theme.colors.muted))
                painter.drawText(room, _MIDDLE | Qt.TextFlag.TextWordWrap, self._chart.empty)
            else:
                self._draw(painter, room, self._chart)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self._theme.colors.accent), FOCUS))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_CONTROL, RADIUS_CONTROL)
        painter.end()

    def _draw(self, painter: QPainter, room: QRectF, chart: Chart) -> None:
        colors, metrics = self._theme.colors, QFontMetricsF(painter.font())
        line = metrics.height()
        painter.setPen(QColor(colors.muted))
        painter.drawText(QRectF(room.left(), room.top(), room.width(), line), Qt.AlignmentFlag.AlignLeft, chart.unit)
        top = _AIR * max(chart.values)
        height = max(1.0, room.height() - 2 * line - 2 * _GAP - line / 2)
        ticks = linear_ticks(0.0, top, wanted=max(2, int(height / self._theme.px(round(_ROW)))))
        labels = linear_labels(ticks)
        margin = max(map(metrics.horizontalAdvance, labels), default=0.0) + _GAP
        self._area = area = QRectF(room.left() + margin, room.bottom() - line - _GAP / 2 - height, max(1.0, room.width() - margin), height)
        for tick, label in zip(ticks, labels, strict=True):
            y = math.floor(area.bottom() - tick / top * height) + 0.5  # on whole pixels, else a thin line blurs
            painter.setPen(QPen(QColor(colors.line), 1))
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
            painter.setPen(QColor(colors.muted))
            painter.drawText(QRectF(room.left(), y - line / 2, margin - _GAP, line), _RIGHT, label)
        self._draw_bars(painter, chart, top)
        self._draw_labels(painter, chart, metrics)

    def _draw_bars(self, painter: QPainter, chart: Chart, top: float) -> None:
        colors, area, step = self._theme.colors, self._area, self._step
        fill = 1.0 if chart.close or step < _THIN else _FILL
        plain, read = QColor(colors.accent if self._own else colors.good), QColor(colors.text)
        for place, value in enumerate(chart.values):
            if value > 0:
                high = max(1.0, value / top * area.height())
                # on whole pixels, else some bars stand apart and others don't
                left, right = (round(area.left() + (place + share) * step) for share in ((1 - fill) / 2, (1 + fill) / 2))
                painter.fillRect(QRectF(left, area.bottom() - high, max(1, right - left), high), read if place == self._place else plain)
        if 0 <= self._place < len(chart.values):
            x = math.floor(area.left() + (self._place + 0.5) * step) + 0.5
            painter.setPen(QPen(read, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QLineF(x, area.top(), x, area.bottom()))

    def _draw_labels(self, painter: QPainter, chart: Chart, metrics: QFontMetricsF) -> None:
        """As many as stand apart; the last bar has one in any case: it is now."""
        wide = max(map(metrics.horizontalAdvance, chart.short)) + _LABEL_GAP
        every = max(1, math.ceil(wide / self._step))
        painter.setPen(QColor(self._theme.colors.muted))
        free = self._area.right() + wide
        for place in range(len(chart.short) - 1, -1, -every):
            middle = self._area.left() + (place + 0.5) * self._step
            left = min(max(middle - wide / 2, self._area.left() - _LABEL_GAP), self._area.right() - wide + _LABEL_GAP / 2)
            if left + wide > free:
                continue
            free = left
            painter.drawText(QRectF(left, self._area.bottom() + _GAP / 2, wide, metrics.height()), _MIDDLE, chart.short[place])
