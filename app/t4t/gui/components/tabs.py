"""Parts of one page, of which one is shown: words in a row, for mouse and keyboard."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup

from t4t.gui.components.basic import button
from t4t.gui.components.parts import Across

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QPushButton


class Tabs(Across):
    """Shows which part is shown and asks for others."""

    asked = Signal(str)
    """The key of a part."""

    def __init__(self, parts: Mapping[str, str], *, name: str) -> None:
        """``parts``: words by key, in the order of reading; ``name`` is what all of them are, for who listens."""
        self._buttons: dict[str, QPushButton] = {}
        for key, text in parts.items():
            made = button(text, functools.partial(self._ask, key), role="tab")
            made.setCheckable(True)
            self._buttons[key] = made
        super().__init__(*self._buttons.values(), space=0)
        group = QButtonGroup(self)
        for made in self._buttons.values():
            group.addButton(made)
        self.setAccessibleName(name)

    def show_current(self, key: str) -> None:
        """``key`` is the one that is shown."""
        self._buttons[key].setChecked(True)

    def _ask(self, key: str) -> None:
        self.asked.emit(key)
