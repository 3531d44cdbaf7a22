"""A page of the window: a headline, and whatever comes below it, as wide as can be read and scrolled where it is longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from t4t.gui.components.basic import label, say
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE

if TYPE_CHECKING:
    from t4t.gui.theme.style import Theme

_WIDEST: Final = 920
"""Longer lines are hard to read."""


class Page(QScrollArea):
    """`box` takes the content; `head` is the line of the headline, to whose end buttons can be added."""

    def __init__(self, theme: Theme, title: str, subtitle: str = "", *, inner: bool = False) -> None:
        """An empty page. Without a title it has no headline of its own; ``inner``: it is part of another one, whose margins are enough."""
        super().__init__()
        self.theme = theme
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(title)
        outer = QWidget()
        give_role(outer, "page")
        across = QHBoxLayout(outer)
        if inner:
            across.setContentsMargins(0, 0, SPACE[2], 0)
        else:
            across.setContentsMargins(SPACE[5], SPACE[4], SPACE[5], SPACE[4])
        middle = QWidget()
        middle.setMaximumWidth(theme.px(_WIDEST))
        across.addWidget(middle)
        self.box = self.column(middle)
        self.head = QHBoxLayout()
        self.head.setSpacing(SPACE[2])
        self._subtitle = label("muted")
        if title:
            words = QVBoxLayout()
            words.setSpacing(SPACE[0])
            words.addWidget(label("page", title))
            words.addWidget(self._subtitle)
            self.head.addLayout(words, 1)
            self.box.addLayout(self.head)
            self.say_below(subtitle)
        self.setWidget(outer)

    @staticmethod
    def column(widget: QWidget) -> QVBoxLayout:
        """A column like that of a page, in a widget of its own."""
        made = QVBoxLayout(widget)
        made.setContentsMargins(0, 0, 0, 0)
        made.setSpacing(SPACE[3])
        return made

    def say_below(self, text: str) -> None:
        """The line below the headline."""
        say(self._subtitle, text)

    def arrive(self) -> None:
        """The page comes into view; pages that must look at something do it here."""

    def depart(self) -> None:
        """Another page is shown."""
