"""The small parts of every page: words, cards, lines, buttons, a picture. Each has its role; the look comes from the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Callable

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


def button(text: str, clicked: Callable[[], object], *, role: str = "") -> QPushButton:
    """A button with words; its name for screen readers is the same unless somebody sets another."""
    made = QPushButton(text)
    made.setAccessibleName(text)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    made.clicked.connect(lambda _checked=False: clicked())
    if role:
        give_role(made, role)
    return made


def line() -> QFrame:
    """A thin line between rows."""
    made = QFrame()
    give_role(made, "line")
    return made


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
