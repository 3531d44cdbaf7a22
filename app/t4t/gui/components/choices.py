"""Cards of which one is chosen, by mouse or with the arrow keys, and the dots that say how far somebody is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QCheckBox, QFrame, QHBoxLayout, QRadioButton, QSizePolicy, QVBoxLayout, QWidget

from t4t.gui.components.basic import label
from t4t.gui.theme.style import give_role, outline
from t4t.gui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.gui.theme.style import Theme

_DOT: Final = 8
_PILL: Final = 26
_GAP: Final = 6


class ChoiceCard(QFrame):
    """One choice: its name, and what it means in a few lines. A click anywhere on it chooses it."""

    chosen = Signal()
    """By a person or not: it is the chosen one now."""

    def __init__(self, name: str, lines: int) -> None:
        """With room for so many ``lines``; it can't be chosen before `fill`."""
        super().__init__()
        give_role(self, "choice")
        self.radio = QRadioButton(name)
        self.radio.setAccessibleName(name)
        self.radio.setEnabled(False)
        self.radio.toggled.connect(self._toggled)
        box = QVBoxLayout(self)
        box.setContentsMargins(SPACE[3], SPACE[1], SPACE[3], SPACE[2])
        box.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        head.addWidget(self.radio, 1)
        self._mark = label("new")
        head.addWidget(self._mark)
        box.addLayout(head)
        self._lines = [label("muted") for _ in range(lines)]
        for line in self._lines:
            box.addWidget(line)
        box.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def fill(self, lines: Sequence[str], *, mark: str, spoken: str) -> None:
        """What it means; ``mark``: a word beside the name, ``spoken``: all of it, for who listens."""
        for target, text in zip(self._lines, lines, strict=True):
            target.setText(text)
        self._mark.setText(mark)
        self.radio.setAccessibleName(spoken)
        self.radio.setEnabled(True)

    def _toggled(self, on: bool) -> None:  # noqa: FBT001 - Qt's signature
        give_role(self, "chosen" if on else "choice")
        if on:
            self.chosen.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Anywhere on the card."""
        super().mouseReleaseEvent(event)
        if event.button() is Qt.MouseButton.LeftButton and self.radio.isEnabled() and self.rect().contains(event.position().toPoint()):
            self.radio.setFocus(Qt.FocusReason.MouseFocusReason)
            self.radio.setChecked(True)


class Tick(QCheckBox):
    """A box to tick that is seen on a dark window too."""

    def __init__(self, theme: Theme, text: str) -> None:
        """Not ticked."""
        super().__init__(text)
        self.setAccessibleName(text)
        self._theme = theme
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        self.setPalette(outline(self.palette(), self._theme))


class Columns(QWidget):
    """Parts of equal width beside each other, below each other where there is less room than ``narrow``."""

    def __init__(self, theme: Theme, narrow: int) -> None:
        """Empty."""
        super().__init__()
        self._theme = theme
        self._narrow = narrow
        self._parts: list[QWidget] = []
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(SPACE[2])

    def add(self, part: QWidget) -> None:
        """One more."""
        self._parts.append(part)
        self._box.addWidget(part, 1)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as its widest part: there they are below each other."""
        return QSize(max((part.minimumSizeHint().width() for part in self._parts), default=0), self._box.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Beside each other if there is room."""
        super().resizeEvent(event)
        wide = event.size().width() >= self._theme.px(self._narrow)
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)


class Dots(QWidget):
    """As many dots as there are steps; the present one is longer, those behind are filled. Words for it are its accessible name."""

    def __init__(self, theme: Theme, count: int) -> None:
        """``count`` of them."""
        super().__init__()
        self._theme = theme
        self._count = count
        self._at = 0
        theme.changed.connect(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_place(self, number: int, spoken: str) -> None:
        """``number`` counts from 0; one behind the last: all are done."""
        self._at = number
        self.setAccessibleName(spoken)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for all of them."""
        px = self._theme.px
        return QSize(px(_PILL) + (self._count - 1) * px(_DOT + _GAP), px(_DOT))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Dots and a pill."""
        px, colors = self._theme.px, self._theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        left, height = 0.0, float(px(_DOT))
        for number in range(self._count):
            wide = float(px(_PILL if number == self._at else _DOT))
            painter.setBrush(QColor(colors.accent if number <= self._at else colors.line))
            painter.drawRoundedRect(QRectF(left, 0.0, wide, height), height / 2, height / 2)
            left += wide + px(_GAP)
        painter.end()
