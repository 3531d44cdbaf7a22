"""Parts of several pages: a large number with its words, facts in two columns, what is shown where there is nothing, a dialog with a text."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QBoxLayout, QDialog, QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from t4t.gui.components.basic import button, label, say
from t4t.gui.components.rows import Picture
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QResizeEvent

    from t4t.gui.theme.style import Theme

_PICTURE: Final = 40
_DIALOG: Final = (640, 440)


class Across(QWidget):
    """Parts beside each other; below each other where there is no room for that."""

    def __init__(self, *parts: QWidget, space: int = SPACE[1]) -> None:
        """In the order of reading."""
        super().__init__()
        self._parts = parts
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(space)
        for part in parts:
            self._box.addWidget(part, 0, Qt.AlignmentFlag.AlignLeft)
        self._box.addStretch(1)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as its widest part."""
        shown = [part.minimumSizeHint() for part in self._parts if not part.isHidden()]
        return QSize(max((hint.width() for hint in shown), default=0), self._box.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Beside each other if there is room."""
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """Others are shown, or with other words."""
        done = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            self._arrange()
        return done

    def _arrange(self) -> None:
        shown = [part.sizeHint().width() for part in self._parts if not part.isHidden()]
        fits = sum(shown) + self._box.spacing() * (len(shown) - 1) <= self.width()
        wanted = QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom
        if self._box.direction() is not wanted:
            self._box.setDirection(wanted)
            for part in self._parts:  # words in several lines get all of the width, for which Qt has counted their lines
                self._box.setAlignment(part, Qt.AlignmentFlag.AlignLeft if fits or not part.hasHeightForWidth() else Qt.AlignmentFlag(0))


class Stat(QWidget):
    """One number that matters, and what it is."""

    def __init__(self, what: str, *, wraps: bool = True) -> None:
        """``what``: below the number, in several lines if it ``wraps``."""
        super().__init__()
        self._number = label("big", wraps=False)
        self._what = label("muted", what, wraps=wraps)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._number)
        box.addWidget(self._what)
        box.addStretch(1)  # one beside it may take more lines

    def fill(self, number: str) -> None:
        """Show ``number``, written as people here write numbers."""
        say(self._number, number)
        self.setAccessibleName(f"{number} {self._what.text()}")


class Facts(QWidget):
    """Names and values in two columns."""

    def __init__(self) -> None:
        """None yet."""
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE[3])
        self._grid.setVerticalSpacing(SPACE[0])
        self._grid.setColumnStretch(1, 1)
        self._rows: list[tuple[QLabel, QLabel]] = []

    def fill(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show ``facts`` in their order."""
        while len(self._rows) < len(facts):
            pair = (label("muted"), label())
            for column, part in enumerate(pair):
                self._grid.addWidget(part, len(self._rows), column, Qt.AlignmentFlag.AlignTop)
            self._rows.append(pair)
        for number, (name, value) in enumerate(self._rows):
            used = facts[number] if number < len(facts) else ("", "")
            say(name, used[0])
            say(value, used[1])


class Empty(QWidget):
    """A picture, a sentence and what happens next, where there is nothing to show."""

    def __init__(self, theme: Theme, icon: str) -> None:
        """``icon`` out of ``resources/icons``."""
        super().__init__()
        self._theme, self._icon = theme, icon
        self._picture = Picture(theme, _PICTURE)
        self._title = label("title")
        self._text = label("muted")
        self.box = QVBoxLayout(self)
        self.box.setSpacing(SPACE[1])
        self.box.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        self.be_large(large=True)  # what is shown before it stands in something would be a window of its own
        for part in (self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.box.addWidget(part)
        theme.changed.connect(self._paint)
        self._paint()

    def fill(self, title: str, text: str = "") -> None:
        """Show these words."""
        say(self._title, title)
        say(self._text, text)
        self.setAccessibleName(f"{title}. {text}" if text else title)

    def be_large(self, *, large: bool) -> None:
        """Fill the place, or leave it to what stands below."""
        high = SPACE[5] * 2 if large else SPACE[1]
        self.box.setContentsMargins(SPACE[5], high, SPACE[5], high)
        self._picture.setVisible(large)

    def _paint(self) -> None:
        self._picture.show_icon(self._icon, self._theme.colors.muted)


class TextDialog(QDialog):
    """A text to be read, and what can be done with it. Escape closes it."""

    def __init__(self, parent: QWidget, title: str, text: str, *, above: str = "", actions: Sequence[tuple[str, Callable[[], object]]] = ()) -> None:
        """``actions``: words and what they do, the most important last; each closes the dialog."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        box.setSpacing(SPACE[2])
        box.addWidget(label("title", title))
        if above:
            box.addWidget(label("muted", above))
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(title)
        give_role(self.text, "text")
        box.addWidget(self.text, 1)
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addStretch(1)
        row.addWidget(button(words.word("close"), self.reject))
        for number, (name, act) in enumerate(actions):
            row.addWidget(button(name, functools.partial(self._do, act), role="primary" if number == len(actions) - 1 else ""))
        box.addLayout(row)
        self.resize(*_DIALOG)

    def _do(self, act: Callable[[], object]) -> None:
        self.accept()
        act()
