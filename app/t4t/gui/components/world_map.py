"""A map of the world on which countries have colours by numbers: what is under the pointer is told, and a table beside it tells all to who does not see it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from t4t.domain.world import step_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.world import Shape, World
    from t4t.gui.theme.style import Theme

_WIDTH: Final = 640
_LEAST: Final = 240
_STEPS: Final = 5
_PALEST: Final = 0.25
_DOT: Final = 3.0
_HERE: Final = 5.0
_NEAR: Final = 6.0
"""So many pixels beside a dot are still the dot."""


def blend(one: str, other: str, share: float) -> QColor:
    """Between two colours: ``share`` of the other."""
    first, second = QColor(one), QColor(other)
    mixed = [round(a + (b - a) * share) for a, b in zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)]  # type: ignore[index] # the stub says object
    return QColor(*mixed)


class WorldMap(QWidget):
    """Drawn once for each size, numbers and scheme, into a picture that is shown from then on."""

    pointed = Signal(str)
    """The country below the pointer; empty for none."""

    def __init__(self, theme: Theme, world: World) -> None:
        """Without numbers."""
        super().__init__()
        self._theme = theme
        self._world = world
        self._users: Mapping[str, int] = {}
        self._most = 0
        self._here = ""
        self._under = ""
        self._picture = QPixmap()
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(theme.px(_LEAST))
        theme.changed.connect(self._draw_anew)

    @functools.cached_property
    def _shapes(self) -> list[tuple[Shape, QPainterPath]]:
        """Made when they are first drawn: it takes some milliseconds, which are not those in which the page is made."""
        return [(shape, _path(shape)) for shape in self._world.countries]

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """The whole world."""
        width = self._theme.px(_WIDTH)
        return QSize(width, self.heightForWidth(width))

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """The world is as high as it is."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """Of this width."""
        return max(1, round(width * self._world.height / self._world.width))

    def fill(self, users: Mapping[str, int], spoken: str) -> None:
        """These countries have so many; ``spoken`` is the sentence for who listens."""
        self._users, self._most = dict(users), max(users.values(), default=0)
        self.setAccessibleName(spoken)
        self._draw_anew()

    def mark(self, name: str) -> None:
        """Somebody said that this is where they are; empty: nobody did."""
        self._here = name
        self._draw_anew()

    @property
    def here(self) -> str:
        """Where somebody said to be."""
        return self._here

    def country_at(self, position: QPointF) -> str:
        """The country below a point of the widget; a dot lies on top of what is around it."""
        place = QPointF(position.x() / self._scale, position.y() / self._scale)
        near = (_NEAR / self._scale) ** 2
        for shape, path in self._shapes:
            if path.isEmpty() and self._users.get(shape.name) and (place.x() - shape.at[0]) ** 2 + (place.y() - shape.at[1]) ** 2 <= near:
                return shape.name
        return next((shape.name for shape, path in self._shapes if path.boundingRect().contains(place) and path.contains(place)), "")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Tell what is below the pointer."""
        self._point(self.country_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Nothing is."""
        super().leaveEvent(event)
        self._point("")

    def _point(self, name: str) -> None:
        if name != self._under:
            self._under = name
            self.pointed.emit(name)
            self.update()

    # --- drawing -----------------------------------------------------------------------------------------------------

    @property
    def _scale(self) -> float:
        return max(1e-6, min(self.width() / self._world.width, self.height() / self._world.height))

    def color_of(self, users: int) -> QColor:
        """Of a country with so many."""
        colors = self._theme.colors
        step = step_of(users, self._most, _STEPS)
        return blend(colors.surface, colors.good, _PALEST + (1 - _PALEST) * (step - 1) / (_STEPS - 1)) if step else QColor(self._nobody)

    @property
    def _nobody(self) -> str:
        """The colour of countries without volunteers. In high contrast lines are as strong as all else: there these are outlines alone."""
        colors = self._theme.colors
        return colors.surface if colors.line == colors.text else colors.line

    def _draw_anew(self) -> None:
        self._picture = QPixmap()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Another size is another picture."""
        super().resizeEvent(event)
        self._draw_anew()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The picture, and the outline of what is below the pointer."""
        super().paintEvent(event)
        ratio = self.devicePixelRatioF()
        if self._picture.isNull():
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._picture)
            self._draw(painter)
            painter.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        found = next((path for shape, path in self._shapes if shape.name == self._under), None)
        if found is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(self._scale, self._scale)
            pen = QPen(QColor(self._theme.colors.text), 1.5)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawPath(found)
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        colors, scale = self._theme.colors, self._scale
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        border = QPen(QColor(colors.line if self._nobody == colors.surface else colors.surface), 0.8)
        border.setCosmetic(True)
        painter.setPen(border)
        for shape, path in self._shapes:
            painter.setBrush(self.color_of(self._users.get(shape.name, 0)))
            painter.drawPath(path)
        dot = _DOT / scale
        for shape, path in self._shapes:
            if path.isEmpty() and self._users.get(shape.name):
                painter.setBrush(self.color_of(self._users[shape.name]))
                painter.drawEllipse(QPointF(*shape.at), dot, dot)
        here = next((shape for shape in self._world.countries if shape.name == self._here), None)
        if here is not None:
            ring = QPen(QColor(colors.surface), 2)
            ring.setCosmetic(True)
            painter.setPen(ring)
            painter.setBrush(QColor(colors.accent))
            painter.drawEllipse(QPointF(*here.at), _HERE / scale, _HERE / scale)


class Legend(QWidget):
    """What the colours mean, from few to many."""

    def __init__(self, theme: Theme, world_map: WorldMap) -> None:
        """Of this map."""
        super().__init__()
        self._theme = theme
        self._map = world_map
        self._words = ("", "")
        self._most = 0
        theme.changed.connect(self.update)
        self.setMinimumHeight(self.fontMetrics().height() + 4)

    def fill(self, few: str, many: str, most: int) -> None:
        """Words at both ends."""
        self._words, self._most = (few, many), most
        self.setAccessibleName(f"{few} – {many}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A word, squares, a word."""
        super().paintEvent(event)
        painter = QPainter(self)
        few, many = self._words
        metrics, side = self.fontMetrics(), self.fontMetrics().ascent()
        x, top = 0, (self.height() - side) // 2
        painter.setPen(QColor(self._theme.colors.muted))
        for text in (few, many):
            width = metrics.horizontalAdvance(text) + 8
            painter.drawText(QRectF(x, 0, width, self.height()), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            x += width
            if text is few:
                for step in range(_STEPS):
                    users = round(10 ** (step * (len(str(max(1, self._most))) - 1) / (_STEPS - 1)))
                    painter.fillRect(QRectF(x, top, side + 6, side), self._map.color_of(min(users, max(1, self._most))))
                    x += side + 8
                x += 4
        painter.end()


def _path(shape: Shape) -> QPainterPath:
    """Even and odd tell a hole from land."""
    path = QPainterPath()
    for ring in shape.rings:
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in zip(ring[::2], ring[1::2], strict=True)]))
        path.closeSubpath()
    return path
