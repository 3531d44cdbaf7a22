"""Parts of one page, of which one is shown: words in a row, a menu where there is no room for that; for mouse and keyboard."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QWidget

from t4t.gui.components.basic import button
from t4t.wording import physics as words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QResizeEvent
    from PySide6.QtWidgets import QPushButton


class Tabs(QWidget):
    """Shows which part is shown and asks for others."""

    asked = Signal(str)
    """The key of a part."""

    def __init__(self, parts: Mapping[str, str], *, name: str) -> None:
        """``parts``: words by key, in the order of reading; ``name`` is what all of them are, for who listens."""
        super().__init__()
        self._parts = dict(parts)
        self._buttons: dict[str, QPushButton] = {}
        self._name = name
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        group = QButtonGroup(self)
        self._menu_button = button("", self._nothing)
        menu = QMenu(self._menu_button)
        for key, text in parts.items():
            made = button(text, functools.partial(self.asked.emit, key), role="tab")
            made.setCheckable(True)
            group.addButton(made)
            row.addWidget(made)
            self._buttons[key] = made
            menu.addAction(text).triggered.connect(functools.partial(self._chosen, key))
        self._menu_button.setMenu(menu)
        self._menu_button.hide()
        row.addWidget(self._menu_button, 0, Qt.AlignmentFlag.AlignLeft)
        row.addStretch(1)
        self.setAccessibleName(name)

    @staticmethod
    def _nothing() -> None:
        """A button with a menu opens it by itself."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As narrow as the menu's button."""
        return QSize(self._menu_button.sizeHint().width(), self._menu_button.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """A row if there is room for it."""
        super().resizeEvent(event)
        fits = sum(made.sizeHint().width() for made in self._buttons.values()) <= event.size().width()
        for made in self._buttons.values():
            made.setVisible(fits)
        self._menu_button.setVisible(not fits)

    def show_current(self, key: str) -> None:
        """``key`` is the one that is shown."""
        self._buttons[key].setChecked(True)
        self._menu_button.setText(self._parts[key])
        self._menu_button.setAccessibleName(words.of_parts(self._name, self._parts[key]))

    def _chosen(self, key: str, _checked: bool = False) -> None:  # noqa: FBT001, FBT002 - Qt's signature
        self.asked.emit(key)
