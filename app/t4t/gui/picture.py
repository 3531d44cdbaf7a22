"""A job's histograms on one sheet, as a PNG file; works without a screen."""

from __future__ import annotations

import dataclasses
import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPainter, QPen

from t4t.domain.errors import FolderUnwritable
from t4t.gui.components.plot import PlotOptions, draw_plot, title_line_count
from t4t.gui.theme.tokens import DARK, LIGHT
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from t4t.domain.histogram import Histogram
    from t4t.gui.theme.tokens import Colors

MAX_PANELS: Final = 60
TITLE: Final = "Title"
"""Where a picture file says what it shows (PNG's own keyword)."""
_CARD_WIDTH: Final = 420.0
_LONE_CARD_WIDTH: Final = 680.0
_CARD_HEIGHT: Final = 320.0
_MARGIN: Final = 28.0
_SPACING: Final = 16.0
_PADDING: Final = 20.0
_RADIUS: Final = 12.0
_MAX_PIXELS: Final = 16_000.0
_ABOUT_BLANK_HEIGHT: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """Where everything lies, in pixels before scaling."""

    columns: int
    rows: int
    head: float

    @property
    def card_width(self) -> float:
        """A single column is wider, so that the sheet's own title has room."""
        return _CARD_WIDTH if self.columns > 1 else _LONE_CARD_WIDTH

    @property
    def width(self) -> float:
        return 2 * _MARGIN + self.columns * (self.card_width + _SPACING) - _SPACING

    @property
    def height(self) -> float:
        body = self.rows * (_CARD_HEIGHT + _SPACING) - _SPACING if self.rows else _ABOUT_BLANK_HEIGHT
        return 2 * _MARGIN + self.head + body

    def card(self, number: int) -> QRectF:
        row, column = divmod(number, self.columns)
        left, top = _MARGIN + column * (self.card_width + _SPACING), _MARGIN + self.head + row * (_CARD_HEIGHT + _SPACING)
        return QRectF(left, top, self.card_width, _CARD_HEIGHT)


def render_png(
    histograms: Sequence[Histogram],
    path: Path,
    *,
    title: str,
    subtitle: str = "",
    columns: int = 3,
    dark: bool = False,
    log_y: bool | None = None,
    empty_text: str = "",
    scale: float = 2.0,
) -> None:
    """Write a sheet with one card a histogram, at most `MAX_PANELS`, to ``path``, at once or not at all.

    ``log_y`` None leaves the choice to each histogram; ``scale`` is pixels of the file per pixel of the layout, lowered for very long sheets. Uses the running
    Qt application, or makes one without a screen. Raises `FolderUnwritable`.
    """
    _save(_drawn(histograms, title=title, subtitle=subtitle, columns=columns, dark=dark, log_y=log_y, empty_text=empty_text, scale=scale), path)


def sheet_png(
    histograms: Sequence[Histogram], *, title: str, subtitle: str = "", columns: int = 3, dark: bool = False, log_y: bool | None = None, scale: float = 2.0
) -> bytes:
    """The same in memory; title and subtitle are in the file's own words too."""
    image = _drawn(histograms, title=title, subtitle=subtitle, columns=columns, dark=dark, log_y=log_y, empty_text="", scale=scale)
    image.setText(TITLE, title)
    image.setText("Description", subtitle)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide takes text here, its stubs want bytes
    return bytes(buffer.data().data())


def _drawn(
    histograms: Sequence[Histogram], *, title: str, subtitle: str, columns: int, dark: bool, log_y: bool | None, empty_text: str, scale: float
) -> QImage:
    application = ensure_application()
    shown = list(histograms[:MAX_PANELS])
    sheet = _Sheet(columns=max(1, min(columns, len(shown) or 1)), rows=-(-len(shown) // max(1, columns)), head=64.0 if subtitle else 44.0)
    scale = min(scale, _MAX_PIXELS / max(sheet.width, sheet.height))
    image = QImage(round(sheet.width * scale), round(sheet.height * scale), QImage.Format.Format_RGB32)
    theme = DARK if dark else LIGHT
    image.fill(QColor(theme.window))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    painter.setFont(application.font())
    empty_text = empty_text or words.word("no_entries")
    options = PlotOptions(theme=theme, log_y=log_y, trim=True, empty_text=empty_text)
    _draw_sheet_head(painter, sheet, title=title, subtitle=subtitle, theme=theme)
    for start in range(0, len(shown), sheet.columns):
        _draw_row(painter, sheet, shown[start : start + sheet.columns], start=start, options=options)
    if not shown:
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(0, _MARGIN + sheet.head, sheet.width, _ABOUT_BLANK_HEIGHT), Qt.AlignmentFlag.AlignCenter, empty_text)
    painter.end()
    return image


def ensure_application() -> QGuiApplication:
    """The running application, or a new one that needs no screen."""
    running = QGuiApplication.instance()
    if isinstance(running, QGuiApplication):
        return running
    return _screenless_application()


@functools.cache  # Qt's application must outlive everything that was made with it
def _screenless_application() -> QGuiApplication:
    # A picture needs no window: without this a command over SSH, or at night without a session, would abort inside Qt.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QGuiApplication(["t4t"])


def _draw_sheet_head(painter: QPainter, sheet: _Sheet, *, title: str, subtitle: str, theme: Colors) -> None:
    width = sheet.width - 2 * _MARGIN
    for text, pixels, weight, color, place in (
        (title, 22, QFont.Weight.DemiBold, theme.text, QRectF(_MARGIN, _MARGIN - 4, width, 28)),
        (subtitle, 14, QFont.Weight.Normal, theme.muted, QRectF(_MARGIN, _MARGIN + 26, width, 20)),
    ):
        font = QFont(painter.font())
        font.setPixelSize(pixels)
        font.setWeight(weight)
        painter.setFont(font)
        painter.setPen(QColor(color))
        fitting = QFontMetricsF(font, painter.device()).elidedText(text, Qt.TextElideMode.ElideRight, width)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)


def _draw_row(painter: QPainter, sheet: _Sheet, histograms: list[Histogram], *, start: int, options: PlotOptions) -> None:
    inner = sheet.card_width - 2 * _PADDING
    lines = max(title_line_count(painter, histogram.title, width=inner) for histogram in histograms)
    theme = options.theme
    for number, histogram in enumerate(histograms, start):
        card = sheet.card(number)
        painter.setPen(QPen(QColor(theme.line), 1))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(card, _RADIUS, _RADIUS)
        place = card.adjusted(_PADDING, _PADDING - 4, -_PADDING, -_PADDING + 6)
        draw_plot(painter, place, histogram, options=dataclasses.replace(options, title_lines=max(1, lines)))


def _save(image: QImage, path: Path) -> None:
    part = path.with_name(path.name + ".part.png")
    if not image.save(str(part)):
        raise FolderUnwritable(path=str(path.parent), reason="the picture could not be written")
    try:
        part.replace(path)
    except OSError as error:
        raise FolderUnwritable(path=str(path.parent), reason=str(error)) from error
