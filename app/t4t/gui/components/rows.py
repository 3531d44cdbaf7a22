"""Rows of cards: a rule with its sign, a task with its progress. They are filled again and again, so that nothing flickers or jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from t4t.gui.components.basic import label, line, say
from t4t.gui.theme.icons import render
from t4t.gui.theme.tokens import SPACE
from t4t.wording import screen as words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.gui.theme.style import Theme
    from t4t.wording.screen import RuleText, TaskText

ContentT = TypeVar("ContentT")
_THOUSAND: Final = 1000
_SIGN: Final = 20


class Picture(QLabel):
    """One of our icons at a size, sharp on every screen, in a colour of the theme."""

    def __init__(self, theme: Theme, size: int) -> None:
        """No picture yet. It says nothing to screen readers: words stand beside it."""
        super().__init__()
        self._theme = theme
        self._size = theme.px(size)
        self._shown: tuple[str, str, float] | None = None
        self.setFixedSize(QSize(self._size, self._size))

    def show_icon(self, name: str, color: str) -> None:
        """Show the icon ``name`` in ``color``."""
        wanted = (name, color, self.devicePixelRatioF())
        if wanted == self._shown:
            return
        self._shown = wanted
        pixmap = QPixmap.fromImage(render(name, round(self._size * wanted[2]), color))
        pixmap.setDevicePixelRatio(wanted[2])
        self.setPixmap(pixmap)


class RuleRow(QWidget):
    """One rule: sign, what it watches, what it sees. The sign differs by shape and by colour."""

    def __init__(self, theme: Theme) -> None:
        """Empty."""
        super().__init__()
        self._theme = theme
        self._sign = Picture(theme, _SIGN)
        self._title = label("name")
        self._value = label("muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        row.setSpacing(SPACE[2])
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._title, 3, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._value, 4, Qt.AlignmentFlag.AlignTop)

    def fill(self, rule: RuleText) -> None:
        """Show ``rule``."""
        colors = self._theme.colors
        self._sign.show_icon("sign-holds" if rule.holds else "sign-clear", colors.attention if rule.holds else colors.good)
        say(self._title, rule.title)
        self._value.setText(rule.value)
        self.setAccessibleName(words.spoken_rule(rule))


class TaskRow(QWidget):
    """One task: name, what it does, how far it is."""

    def __init__(self, _theme: Theme) -> None:
        """Empty."""
        super().__init__()
        self._name = label("name")
        self._doing = label("muted", wraps=False)
        self._bar = QProgressBar()
        self._bar.setRange(0, _THOUSAND)
        self._bar.setTextVisible(False)
        self._progress = label("small")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        grid.setVerticalSpacing(SPACE[0] + 2)
        grid.addWidget(self._name, 0, 0)
        grid.addWidget(self._doing, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self._bar, 1, 0, 1, 2)
        grid.addWidget(self._progress, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def fill(self, task: TaskText) -> None:
        """Show ``task``."""
        say(self._name, task.name)
        say(self._doing, task.doing)
        say(self._progress, task.progress)
        self._bar.setValue(round(task.fraction * _THOUSAND))
        self.setAccessibleName(words.spoken_task(task))
        self._bar.setAccessibleName(words.spoken_task(task))


class Rows(QWidget, Generic[ContentT]):
    """As many rows of one kind as there is content, with lines between them."""

    def __init__(self, make: Callable[[], QWidget], fill: Callable[[QWidget, ContentT], None]) -> None:
        """``make`` makes an empty row, ``fill`` puts content into it."""
        super().__init__()
        self._make = make
        self._fill = fill
        self._made: list[tuple[QWidget, QWidget]] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(SPACE[0])

    def show_all(self, contents: Sequence[ContentT]) -> None:
        """Show a row for each of ``contents``, in their order."""
        while len(self._made) < len(contents):
            pair = (line(), self._make())
            for widget in pair:
                self._box.addWidget(widget)
            self._made.append(pair)
        for number, (above, row) in enumerate(self._made):
            used = number < len(contents)
            above.setVisible(used and number > 0)
            row.setVisible(used)
            if used:
                self._fill(row, contents[number])
