"""A histogram that can be read: by mouse, by keyboard, by ear. What it draws comes from `t4t.gui.components.plot`."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from t4t.gui.components.plot import Frame, PlotOptions, draw_plot
from t4t.gui.theme.tokens import FOCUS, RADIUS_CONTROL
from t4t.wording import physics as words

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme
    from t4t.wording.physics import Shown

_WIDTH: Final = 480
_HEIGHT: Final = 250
_LEAST_WIDTH: Final = 200
_LEAST_HEIGHT: Final = 150
_DOT: Final = 3.5
_INSET: Final = 4.0


class HistogramView(QWidget):
    """One histogram. Nothing jumps when it is filled further: a bin that is read stays the one that is read."""

    pointed = Signal(int)
    """The bin that is read; -1 for none."""

    def __init__(self, theme: Theme) -> None:
        """Nothing is shown."""
        super().__init__()
        self._theme = theme
        self._shown: Shown | None = None
        self._frame: Frame | None = None
        self._log = False
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
    def shown(self) -> Shown | None:
        """What is drawn."""
        return self._shown

    @property
    def log(self) -> bool:
        """Whether the vertical axis is logarithmic."""
        return self._log

    @property
    def place(self) -> int:
        """The bin that is read; -1 for none."""
        return self._place

    def fill(self, shown: Shown | None) -> None:
        """Draw ``shown``."""
        self._shown = shown
        self.setAccessibleName("" if shown is None else words.spoken_plot(shown))
        self.setAccessibleDescription("" if shown is None else " ".join(part for part in (shown.about, words.word("hint")) if part))
        # Qt takes what looks like rich text for that, and these words are a guest's
        self.setToolTip("" if shown is None else f"<span>{html.escape(shown.symbols)}</span>")
        bins = 0 if shown is None else shown.histogram.bin_count
        self.point(self._place if self._place < bins else -1)
        self.update()

    def be_logarithmic(self, *, on: bool) -> None:
        """Change the vertical axis."""
        self._log = on
        self.update()

    def point(self, place: int) -> None:
        """Read this bin; `pointed` is sent also where it is the same one, for its content may be another."""
        self._place = place
        self.pointed.emit(place)
        self.update()

    # --- by hand -----------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Read the bin below the pointer."""
        if self._shown is not None and self._frame is not None:
            found = self._frame.bin_at(event.position().x() / self._theme.larger, self._shown.histogram)
            if (place := -1 if found is None else found) != self._place:
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
        """Arrows, Home and End go from bin to bin; Escape ends that."""
        last = -1 if self._shown is None else self._shown.histogram.bin_count - 1
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
        if self._shown is not None:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words.bin_value(self._shown, place)))

    # --- drawing -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The plot, the bin that is read, the ring of who has the keyboard."""
        super().paintEvent(event)
        painter = QPainter(self)
        colors = self._theme.colors
        if self._shown is not None:
            larger = self._theme.larger
            room = QRectF(0, 0, self.width() / larger, self.height() / larger).adjusted(_INSET, _INSET, -_INSET, -_INSET)
            options = PlotOptions(theme=colors, log_y=self._log, empty_text=words.word("empty_plot"))
            painter.save()
            painter.scale(larger, larger)  # its letters grow with all others
            self._frame = draw_plot(painter, room, self._shown.histogram, options=options)
            if 0 <= self._place < self._shown.histogram.bin_count:
                self._draw_cursor(painter, self._frame, self._shown)
            painter.restore()
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(colors.accent), FOCUS))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_CONTROL, RADIUS_CONTROL)
        painter.end()

    def _draw_cursor(self, painter: QPainter, frame: Frame, shown: Shown) -> None:
        centre, height = shown.histogram.centres[self._place], shown.histogram.heights[self._place]
        at = QPointF(frame.x(centre), frame.y(height))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.colors.text), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(at.x(), frame.area.top(), at.x(), frame.area.bottom()))
        painter.setPen(QPen(QColor(self._theme.colors.surface), 1.5))
        painter.setBrush(QColor(self._theme.colors.text))
        painter.drawEllipse(at, _DOT, _DOT)
