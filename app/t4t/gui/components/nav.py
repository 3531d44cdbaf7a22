"""The navigation: a rail of words with pictures; where it is narrow, one button with a menu of the same words."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QFrame, QHBoxLayout, QMenu, QPushButton, QWidget

from t4t.gui.components.basic import button, label
from t4t.gui.components.rows import Picture
from t4t.gui.theme.icons import render
from t4t.gui.theme.style import give_role
from t4t.gui.theme.tokens import SPACE
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.gui.theme.style import Theme

_PICTURE: Final = 18
_WIDTH: Final = 184
_MARK: Final = 20


class Nav(QFrame):
    """Shows which page is shown and asks for others. The last page stands apart, at the foot."""

    asked = Signal(str)
    """The key of a page."""

    def __init__(self, theme: Theme, pages: Sequence[str], *, brand: str) -> None:
        """``pages`` are keys; `t4t.wording.window` has their titles, ``resources/icons`` their pictures."""
        super().__init__()
        self._theme = theme
        self._current = pages[0]
        self._news = 0
        self._buttons: dict[str, QPushButton] = {}
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(SPACE[1] + 2, SPACE[3], SPACE[1] + 2, SPACE[3])
        self._box.setSpacing(2)
        self._brand = QWidget()
        row = QHBoxLayout(self._brand)
        row.setContentsMargins(SPACE[2], 0, SPACE[2], SPACE[1])
        row.setSpacing(SPACE[1])
        self._mark = Picture(theme, _MARK)
        row.addWidget(self._mark)
        row.addWidget(label("brand", brand, wraps=False), 1)
        self._box.addWidget(self._brand)
        group = QButtonGroup(self)
        for page in pages:
            made = button(words.title(page), functools.partial(self.asked.emit, page), role="nav")
            made.setCheckable(True)
            made.setSizePolicy(made.sizePolicy().Policy.Expanding, made.sizePolicy().Policy.Fixed)
            made.setIconSize(QSize(theme.px(_PICTURE), theme.px(_PICTURE)))
            group.addButton(made)
            self._buttons[page] = made
            if page == pages[-1]:
                self._box.addStretch(1)
            self._box.addWidget(made)
        self._menu_button = button("", self._nothing)
        self._menu = QMenu(self._menu_button)
        self._rows = {page: self._menu.addAction(words.title(page)) for page in pages}
        for page, row_ in self._rows.items():
            row_.triggered.connect(lambda _checked=False, page=page: self.asked.emit(page))
        self._menu_button.setMenu(self._menu)
        self._menu_button.hide()
        self._box.insertWidget(0, self._menu_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.setAccessibleName(words.word("pages"))
        theme.changed.connect(self._paint)
        self.be_narrow(narrow=False)
        self.show_current(self._current)
        self._paint()

    @staticmethod
    def _nothing() -> None:
        """A button with a menu opens it by itself."""

    def show_current(self, page: str) -> None:
        """``page`` is the one that is shown."""
        self._current = page
        self._buttons[page].setChecked(True)
        self._menu_button.setText(words.title(page))
        self._menu_button.setAccessibleName(words.spoken_pages(words.title(page)))
        self._paint()

    def tell_unread(self, count: int) -> None:
        """So many notices are new."""
        if count != self._news:
            self._news = count
            text = words.news_with(count)
            self._buttons["news"].setText(text)
            self._buttons["news"].setAccessibleName(words.spoken_news(count))
            self._rows["news"].setText(text)

    def be_narrow(self, *, narrow: bool) -> None:
        """A rail at the side, or a bar on top."""
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if narrow else QBoxLayout.Direction.TopToBottom)
        give_role(self, "bar" if narrow else "rail")
        for made in self._buttons.values():
            made.setVisible(not narrow)
        self._brand.setVisible(not narrow)
        self._menu_button.setVisible(narrow)
        if narrow:
            self.setMinimumWidth(0)
            self.setMaximumWidth(16_777_215)
        else:
            self.setFixedWidth(self._theme.px(_WIDTH))

    def focus(self) -> None:
        """Take the keyboard."""
        shown = self._menu_button if not self._menu_button.isHidden() else self._buttons[self._current]
        shown.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _paint(self) -> None:
        colors = self._theme.colors
        self._mark.show_icon("mark", colors.accent)
        for page, made in self._buttons.items():
            ratio = self.devicePixelRatioF()
            pixmap = QPixmap.fromImage(render(f"nav-{page}", round(made.iconSize().width() * ratio), colors.accent if page == self._current else colors.muted))
            pixmap.setDevicePixelRatio(ratio)
            made.setIcon(QIcon(pixmap))
