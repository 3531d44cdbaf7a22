"""One collision, seen along the beam: tracks from one point, the circles of a detector. It stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from t4t.domain.collision import RADIUS_M, Part, tracks
from t4t.wording import physics as words

if TYPE_CHECKING:
    from t4t.domain.collision import Collision, Track
    from t4t.gui.theme.style import Theme
    from t4t.gui.theme.tokens import Colors

_SIZE: Final = 190
_LEAST: Final = 120
_RINGS: Final = (0.25, 0.5, 0.8, RADIUS_M)
_VERTEX: Final = 2.5
_AIR: Final = 1.04
_FAINT: Final = 0.6


def _color(part: Part, colors: Colors) -> str:
    return {Part.FIRST: colors.accent, Part.SECOND: colors.good, Part.LEPTON: colors.attention, Part.REST: colors.control}[part]


class CollisionView(QWidget):
    """Draws what it is given; a new one is drawn in its place."""

    def __init__(self, theme: Theme) -> None:
        """Nothing yet."""
        super().__init__()
        self._theme = theme
        self._collision: Collision | None = None
        self._tracks: tuple[Track, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(theme.px(_LEAST), theme.px(_SIZE))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """A square."""
        return QSize(self._theme.px(_SIZE), self._theme.px(_SIZE))

    def fill(self, collision: Collision | None) -> None:
        """Draw ``collision``."""
        if collision != self._collision:
            self._collision = collision
            self._tracks = () if collision is None else tracks(collision)
            self.setAccessibleName("" if collision is None else words.spoken_collision(collision))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Circles, tracks, the point from which they come."""
        super().paintEvent(event)
        if not self._tracks:
            return
        colors = self._theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(QRectF(self.rect()).center())
        scale = min(self.width(), self.height()) / 2 / (RADIUS_M * _AIR)
        painter.setPen(QPen(QColor(colors.line), 1))
        for ring in _RINGS:
            painter.drawEllipse(QPointF(0, 0), ring * scale, ring * scale)
        for track in self._tracks:
            color = QColor(_color(track.part, colors))
            if track.part is Part.REST:
                color.setAlphaF(_FAINT)
            pen = QPen(color, 0.8 if track.part is Part.REST else 1.4)
            if not track.charged:
                pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF([QPointF(x * scale, -y * scale) for x, y in track.points]))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.text))
        painter.drawEllipse(QPointF(0, 0), _VERTEX, _VERTEX)
        painter.end()
