"""Boxes with a choice or a number in the look of the other controls: a style sheet leaves them without arrows, which are drawn here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox, QStyledItemDelegate

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_WIDE: Final = 0.28
"""Of the height of its letters: half an arrow's width. It is half as high."""
_THICK: Final = 0.1
_MARGIN: Final = 6
_SIDES: Final = 22
"""What a style sheet gives the words of a choice at both ends, and a little."""
_BESIDE_ICON: Final = 4
_ARROW: Final = 1.4
"""Of the height of its letters: the room of an arrow."""


def _draw_arrows(of: QWidget, *places: tuple[float, int]) -> None:
    """At its end: how high (0 top, 1 bottom), and 1 for an arrow that points down, -1 for one that points up."""
    letters = of.fontMetrics().height()
    wide = _WIDE * letters
    painter = QPainter(of)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    group = QPalette.ColorGroup.Normal if of.isEnabled() else QPalette.ColorGroup.Disabled
    pen = QPen(of.palette().color(group, QPalette.ColorRole.PlaceholderText), max(1.4, _THICK * letters))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    x = letters * 0.8 if of.layoutDirection() is Qt.LayoutDirection.RightToLeft else of.width() - letters * 0.8
    for high, down in places:
        y = high * of.height()
        painter.drawPolyline(QPolygonF([QPointF(x - wide, y - down * wide / 2), QPointF(x, y + down * wide / 2), QPointF(x + wide, y - down * wide / 2)]))
    painter.end()


class ChoiceBox(QComboBox):
    """One of several."""

    def __init__(self) -> None:
        """Its list follows the style sheet."""
        super().__init__()
        self.setItemDelegate(QStyledItemDelegate(self))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """For its widest words; a style sheet leaves room for more than that."""
        return self._fitted(super().sizeHint())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """The same."""
        return self._fitted(super().minimumSizeHint())

    def _fitted(self, most: QSize) -> QSize:
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(self.itemText(number)) for number in range(self.count())), default=0)
        icon = self.sizeAdjustPolicy() is QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon  # ours have none
        spare = self.iconSize().width() + _BESIDE_ICON if icon else 0
        return QSize(min(most.width() - spare, widest + _SIDES + round(_ARROW * metrics.height())), most.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """With its arrow."""
        super().paintEvent(event)
        _draw_arrows(self, (0.5, 1))


class WholeBox(QSpinBox):
    """A whole number."""

    def __init__(self) -> None:
        """With room beside it, which a style sheet does not give."""
        super().__init__()
        self.lineEdit().setTextMargins(_MARGIN, 0, _MARGIN, 0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """With its arrows."""
        super().paintEvent(event)
        _draw_arrows(self, (0.32, -1), (0.68, 1))


class NumberBox(QDoubleSpinBox):
    """A number."""

    def __init__(self) -> None:
        """With room beside it, which a style sheet does not give."""
        super().__init__()
        self.lineEdit().setTextMargins(_MARGIN, 0, _MARGIN, 0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """With its arrows."""
        super().paintEvent(event)
        _draw_arrows(self, (0.32, -1), (0.68, 1))
