"""The one plot of the app: a histogram in any rectangle of any QPainter, in the language of the other components.

Steps with a soft fill and error bars (or points), a light grid of horizontal lines, no box; a reference, where there is one, dashed and named.
What it draws is all in its arguments: no state, no data of its own, no interaction. `draw_plot` returns the `Frame` with which a widget finds the bin
below the pointer.
"""

from __future__ import annotations

import bisect
import enum
import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from t4t.gui.components.ticks import linear_labels, linear_ticks, log_labels, log_ticks
from t4t.gui.theme.tokens import LIGHT, Colors

if TYPE_CHECKING:
    from t4t.domain.histogram import Histogram

_SMALL_PX: Final = 12
_LABEL_PX: Final = 12.5
_TITLE_PX: Final = 14
_TITLE_LINE: Final = 20.0
_GAP: Final = 8.0
_LABEL_GAP: Final = 14.0
_ROW_PX: Final = 38.0
_MAX_DECADES: Final = 6.0
_MIN_WIDTH: Final = 120.0
_MIN_HEIGHT: Final = 80.0
_FEWEST_BINS: Final = 4
_AIR: Final = 1.06
_LEAST_LOG: Final = 1e-290
"""Heights below it are nothing on a logarithmic axis."""
_TOGETHER: Final = re.compile(r" (?=[<>=≤≥] )|(?<=[<>=≤≥]) |(?<=[0-9]) (?=[kMGT]?eV)")
"""Blanks at which a title must not be broken: around relations and before units."""


class Marks(enum.Enum):
    """How bins are drawn."""

    STEPS = "steps"
    POINTS = "points"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotOptions:
    """What a caller may choose. Texts come from the caller, translated."""

    theme: Colors = LIGHT
    marks: Marks = Marks.STEPS
    log_y: bool | None = None
    """None: as the histogram itself asks."""
    trim: bool = False
    """Leave out empty bins at both ends: for finished results; a live plot must not change its axis."""
    reference: Histogram | None = None
    reference_label: str = ""
    label: str = ""
    title_lines: int = 1
    """Lines reserved for the title, so that neighbouring plots are aligned."""
    empty_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The plotted area in the painter's coordinates and the values at its sides."""

    area: QRectF
    x_low: float
    x_high: float
    y_low: float
    y_high: float
    log_y: bool

    def x(self, value: float) -> float:
        """Horizontal position of ``value``, kept within the area."""
        share = (value - self.x_low) / (self.x_high - self.x_low)
        return self.area.left() + min(max(share, 0.0), 1.0) * self.area.width()

    def y(self, value: float) -> float:
        """Vertical position of ``value``, kept within the area; on a logarithmic axis 0 and less lie at its foot."""
        if not self.log_y:
            share = (value - self.y_low) / (self.y_high - self.y_low)
        elif value <= 0:
            share = 0.0
        else:
            foot = math.log10(self.y_low)
            share = (math.log10(value) - foot) / (math.log10(self.y_high) - foot)
        return self.area.bottom() - min(max(share, 0.0), 1.0) * self.area.height()

    def bin_at(self, position: float, histogram: Histogram) -> int | None:
        """The bin drawn at the horizontal ``position``; None outside."""
        if not self.area.left() <= position <= self.area.right():
            return None
        value = self.x_low + (position - self.area.left()) / self.area.width() * (self.x_high - self.x_low)
        return min(max(bisect.bisect_right(histogram.edges, value) - 1, 0), histogram.bin_count - 1)


def draw_plot(painter: QPainter, rect: QRectF, histogram: Histogram, *, options: PlotOptions | None = None) -> Frame:
    """Draw ``histogram`` into ``rect``; the background is the caller's. A rectangle that is too small for labels gets the curve alone."""
    options = options or PlotOptions()
    painter.save()
    painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # as physicists draw axes in every language
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    body = _draw_head(painter, rect, histogram, options=options)
    frame = _draw_axes(painter, body, histogram, options=options)
    if histogram.is_empty:
        _text(painter, frame.area, options.empty_text, color=options.theme.muted, font=_font(painter, _LABEL_PX), align=Qt.AlignmentFlag.AlignCenter)
    else:
        _draw_bins(painter, frame, histogram, options=options)
    if options.reference is not None and not options.reference.is_empty:
        _draw_reference(painter, frame, options.reference, color=options.theme.attention)
    painter.restore()
    return frame


def title_line_count(painter: QPainter, title: str, *, width: float) -> int:
    """How many lines ``title`` needs at this width, at most two."""
    return min(2, len(_wrapped(title, _font(painter, _TITLE_PX, bold=True), width=width)))


# --- head ----------------------------------------------------------------------------------------------------------


def _draw_head(painter: QPainter, rect: QRectF, histogram: Histogram, *, options: PlotOptions) -> QRectF:
    """Title, unit of the vertical axis and legend; returns what is left below."""
    theme, top = options.theme, rect.top()
    font = _font(painter, _TITLE_PX, bold=True)
    if histogram.title:
        for line in _limited(_wrapped(histogram.title, font, width=rect.width()), font, lines_allowed=options.title_lines, width=rect.width()):
            _text(painter, QRectF(rect.left(), top, rect.width(), _TITLE_LINE), line, color=theme.text, font=font)
            top += _TITLE_LINE
        top = rect.top() + options.title_lines * _TITLE_LINE
    small = _font(painter, _LABEL_PX)
    row = QRectF(rect.left(), top, rect.width(), 18.0)
    legend_left = _draw_legend(painter, row, font=small, options=options)
    if histogram.y_label:
        room = max(0.0, legend_left - _GAP - row.left())
        _text(painter, QRectF(row.left(), top, room, row.height()), histogram.y_label, color=theme.muted, font=small)
    if histogram.y_label or options.reference is not None:
        top += row.height()
    top += _GAP if top > rect.top() else 0.0
    return QRectF(rect.left(), top, rect.width(), max(0.0, rect.bottom() - top))


def _draw_legend(painter: QPainter, row: QRectF, *, font: QFont, options: PlotOptions) -> float:
    """The legend at the right of ``row`` when there is something to tell apart; returns its left end."""
    right = row.right()
    if options.reference is None:
        return right
    entries = ((options.reference_label, options.theme.attention, Qt.PenStyle.DashLine), (options.label, options.theme.accent, Qt.PenStyle.SolidLine))
    for text, color, style in entries:
        width = QFontMetricsF(font, painter.device()).horizontalAdvance(text) + 2
        _text(painter, QRectF(right - width, row.top(), width, row.height()), text, color=options.theme.muted, font=font)
        painter.setPen(QPen(QColor(color), 2 if style is Qt.PenStyle.SolidLine else 1.5, style))
        painter.drawLine(QLineF(right - width - 28, row.center().y(), right - width - 6, row.center().y()))
        right -= width + 28 + _LABEL_GAP
    return right


# --- axes ----------------------------------------------------------------------------------------------------------


def _draw_axes(painter: QPainter, body: QRectF, histogram: Histogram, *, options: PlotOptions) -> Frame:
    font = _font(painter, _SMALL_PX)
    metrics = QFontMetricsF(font, painter.device())
    roomy = body.width() >= _MIN_WIDTH and body.height() >= _MIN_HEIGHT
    foot = (18.0 + (18.0 if histogram.x_label else 0.0)) if roomy else 0.0
    height = max(1.0, body.height() - foot - (metrics.height() / 2 if roomy else 0.0))
    y_low, y_high, log_y = _y_range(histogram, options=options)
    # Without content every height would be an invention.
    blank = histogram.is_empty and (options.reference is None or options.reference.is_empty)
    ticks = () if blank else (log_ticks if log_y else linear_ticks)(y_low, y_high, wanted=_rows(height))
    labels = (log_labels if log_y else linear_labels)(ticks)
    margin = max((metrics.horizontalAdvance(label) for label in labels), default=0.0) + _GAP if roomy else 0.0
    # Half a label may stand out at the right end of the axis and above its uppermost tick.
    right = 12.0 if roomy else 0.0
    area = QRectF(body.left() + margin, body.bottom() - foot - height, max(1.0, body.width() - margin - right), height)
    x_low, x_high = _x_range(histogram, trim=options.trim)
    frame = Frame(area=area, x_low=x_low, x_high=x_high, y_low=y_low, y_high=y_high, log_y=log_y)
    line = QPen(QColor(options.theme.line), 1)
    for tick, label in zip(ticks, labels, strict=True):
        y = math.floor(frame.y(tick)) + 0.5  # on whole pixels, else a thin line blurs
        painter.setPen(line)
        painter.drawLine(QLineF(area.left(), y, area.right(), y))
        if roomy:
            place = QRectF(body.left(), y - metrics.height() / 2, margin - _GAP, metrics.height())
            _text(painter, place, label, color=options.theme.muted, font=font, align=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    painter.setPen(line)
    foot_line = math.floor(area.bottom()) + 0.5
    painter.drawLine(QLineF(area.left(), foot_line, area.right(), foot_line))
    if roomy:
        _draw_x_axis(painter, frame, body, histogram.x_label, font=font, theme=options.theme)
    return frame


def _draw_x_axis(painter: QPainter, frame: Frame, body: QRectF, label: str, *, font: QFont, theme: Colors) -> None:
    metrics = QFontMetricsF(font, painter.device())
    for tick, text in _fitting_ticks(frame, metrics):
        width = metrics.horizontalAdvance(text) + 2
        place = QRectF(frame.x(tick) - width / 2, frame.area.bottom() + 4, width, metrics.height())
        _text(painter, place, text, color=theme.muted, font=font, align=Qt.AlignmentFlag.AlignCenter)
    if label:
        place = QRectF(body.left(), frame.area.bottom() + 19, frame.area.right() - body.left(), 18.0)
        _text(painter, place, label, color=theme.muted, font=font, align=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _fitting_ticks(frame: Frame, metrics: QFontMetricsF) -> list[tuple[float, str]]:
    """The most ticks whose labels stand apart."""
    for wanted in range(8, 0, -1):
        ticks = linear_ticks(frame.x_low, frame.x_high, wanted=wanted)
        labelled = list(zip(ticks, linear_labels(ticks), strict=True))
        ends = [(frame.x(tick), metrics.horizontalAdvance(text) / 2) for tick, text in labelled]
        if all(left + half + _LABEL_GAP <= right - other for (left, half), (right, other) in itertools.pairwise(ends)):
            return labelled
    return []


def _rows(height: float) -> int:
    return max(2, int(height / _ROW_PX))


def _x_range(histogram: Histogram, *, trim: bool) -> tuple[float, float]:
    """The ends of the axis; trimmed to the bins with content and one more on each side, but to no fewer than a few bins."""
    filled = [number for number, weight in enumerate(histogram.sumw) if weight]
    if not trim or not filled:
        return histogram.edges[0], histogram.edges[-1]
    first, last = max(0, filled[0] - 1), min(histogram.bin_count, filled[-1] + 2)
    if last - first < _FEWEST_BINS:
        return histogram.edges[0], histogram.edges[-1]
    return histogram.edges[first], histogram.edges[last]


def _y_range(histogram: Histogram, *, options: PlotOptions) -> tuple[float, float, bool]:
    """Lowest and highest value of the vertical axis and whether it is logarithmic; a logarithm needs something above 0."""
    shown = [histogram] if options.reference is None else [histogram, options.reference]
    tops = [height + error for each in shown for height, error in zip(each.heights, each.errors, strict=True)]
    top, lowest = max(tops), min(0.0, *(height for each in shown for height in each.heights))
    positive = [height for each in shown for height in each.heights if height > _LEAST_LOG]
    if (histogram.log_y if options.log_y is None else options.log_y) and positive:
        high = 10 ** (math.ceil(math.log10(top) * 4) / 4)  # a quarter of a decade: enough air, and the curve keeps the height
        low = 10 ** math.floor(math.log10(min(positive)))
        return max(low, 10 ** (math.floor(math.log10(high)) - _MAX_DECADES)), high, True
    if top <= lowest:
        return lowest, lowest + 1.0, False
    return lowest, lowest + _AIR * (top - lowest), False


# --- curves --------------------------------------------------------------------------------------------------------


def _draw_bins(painter: QPainter, frame: Frame, histogram: Histogram, *, options: PlotOptions) -> None:
    accent = QColor(options.theme.accent)
    visible = [
        (low, high, height, error)
        for low, high, height, error in zip(histogram.edges, histogram.edges[1:], histogram.heights, histogram.errors, strict=False)
        if high > frame.x_low and low < frame.x_high
    ]
    if options.marks is Marks.STEPS:
        _draw_steps(painter, frame, visible, options=options)
    painter.setPen(QPen(accent, 1))
    for low, high, height, error in visible:
        if error and (height > 0 or not frame.log_y):
            x = frame.x((low + high) / 2)
            painter.drawLine(QLineF(x, frame.y(height - error), x, frame.y(height + error)))
    if options.marks is Marks.POINTS:
        painter.setBrush(accent)
        painter.setPen(Qt.PenStyle.NoPen)
        for low, high, height, _error in visible:
            if height:
                painter.drawEllipse(QPointF(frame.x((low + high) / 2), frame.y(height)), 2.5, 2.5)


def _draw_steps(painter: QPainter, frame: Frame, visible: list[tuple[float, float, float, float]], *, options: PlotOptions) -> None:
    outline = [QPointF(frame.x(edge), frame.y(height)) for low, high, height, _error in visible for edge in (low, high)]
    foot = frame.y(frame.y_low if frame.log_y else 0.0)
    path = QPainterPath(QPointF(outline[0].x(), foot))
    for point in outline:
        path.lineTo(point)
    path.lineTo(outline[-1].x(), foot)
    painter.fillPath(path, QColor(options.theme.accent_soft))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(QColor(options.theme.accent), 1.8)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF(outline))


def _draw_reference(painter: QPainter, frame: Frame, reference: Histogram, *, color: str) -> None:
    inside = [
        QPointF(frame.x(centre), frame.y(height))
        for centre, height in zip(reference.centres, reference.heights, strict=True)
        if frame.x_low <= centre <= frame.x_high
    ]
    pen = QPen(QColor(color), 1.5)
    pen.setDashPattern([3.5, 2.5])
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF(inside))


# --- text ----------------------------------------------------------------------------------------------------------


def _font(painter: QPainter, pixels: float, *, bold: bool = False) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(round(pixels))
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return font


def _text(
    painter: QPainter,
    place: QRectF,
    text: str,
    *,
    color: str,
    font: QFont,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
) -> None:
    """One line of plain text, with an ellipsis where it does not fit."""
    painter.setFont(font)
    painter.setPen(QColor(color))
    fitting = QFontMetricsF(font, painter.device()).elidedText(text, Qt.TextElideMode.ElideRight, place.width() + 1)
    painter.drawText(place, align | Qt.TextFlag.TextDontClip, fitting)


def _wrapped(text: str, font: QFont, *, width: float) -> list[str]:
    """``text`` in lines no wider than ``width`` unless a single word is, broken between words that need not stay together."""
    metrics = QFontMetricsF(font)
    lines: list[str] = []
    for word in _TOGETHER.sub("\N{NO-BREAK SPACE}", text).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and metrics.horizontalAdvance(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _limited(lines: list[str], font: QFont, *, lines_allowed: int, width: float) -> list[str]:
    """At most ``lines_allowed`` lines; the last one takes the rest, and an ellipsis if need be."""
    if len(lines) <= lines_allowed:
        return lines
    rest = " ".join(lines[lines_allowed - 1 :])
    return [*lines[: lines_allowed - 1], QFontMetricsF(font).elidedText(rest, Qt.TextElideMode.ElideRight, width)]
