"""The small parts of every page: words, cards, lines, buttons, a picture. Each has its role; the look comes from the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter, QVBoxLayout, QWidget

from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

_INNER: Final = SPACE[4]


def label(role: str = "", text: str = "", *, wraps: bool = True) -> QLabel:
    """Plain text in a role; never rich text: some of it is not ours."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wraps)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
    if role:
        give_role(made, role)
    return made


def say(target: QLabel, text: str) -> None:
    """Change the words if they are others; no words, no room."""
    if target.text() != text:
        target.setText(text)
    if not text:
        target.hide()  # also where it has no place yet, and only looks hidden
    elif target.isHidden():
        target.show()


class _Button(QPushButton):
    """Its words take more lines where it is narrow, as those of a label do."""

    def __init__(self, text: str) -> None:
        """As wide as its words in one line, at most."""
        super().__init__(text)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def _beside(self) -> int:
        """What is not words."""
        return super().sizeHint().width() - self.fontMetrics().horizontalAdvance(self.text())

    def _lines(self, width: int) -> list[str]:
        """The words in a button of this width."""
        metrics, room = self.fontMetrics(), width - self._beside()
        lines = [""]
        for word in self.text().split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and metrics.horizontalAdvance(longer) > room:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def _height(self) -> int:
        """As many lines as it takes at its width; it is told of that when it has it."""
        return super().sizeHint().height() + (len(self._lines(self.width())) - 1) * self.fontMetrics().lineSpacing()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Of one line, but for the height."""
        return QSize(super().sizeHint().width(), self._height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as its longest word."""
        longest = max(map(self.fontMetrics().horizontalAdvance, self.text().split(" ")))
        return QSize(longest + self._beside(), self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Another width may take another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """As any button, with its lines."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = "\n".join(self._lines(self.width()))
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)


def button(text: str, clicked: Callable[[], object], *, role: str = "") -> QPushButton:
    """A button with words; its name for screen readers is the same unless somebody sets another."""
    made = _Button(text)
    made.setAccessibleName(text)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.clicked.connect(lambda _checked=False: clicked())
    if role:
        give_role(made, role)
    return made


def line() -> QFrame:
    """A thin line between rows."""
    made = QFrame()
    give_role(made, "line")
    return made


def fit(window: QWidget, layout: QLayout, width: int) -> None:
    """Give a window of this fixed width the height that its words take there. Qt's `adjustSize` gives it the one for the width that they like best."""
    window.setFixedWidth(width)
    layout.invalidate()
    layout.sizeHint()  # all get the letters that the theme has for them
    window.setFixedHeight(max(layout.totalHeightForWidth(width), layout.totalMinimumSize().height()))


class Card(QFrame):
    """A surface with an optional title; `rows` is where its content goes."""

    def __init__(self, title: str = "", *, role: str = "card") -> None:
        """Empty but for the title."""
        super().__init__()
        give_role(self, role)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(_INNER, _INNER - 4, _INNER, _INNER - 4)
        self.rows.setSpacing(SPACE[1])
        if title:
            self.rows.addWidget(label("title", title))
            self.setAccessibleName(title)
