"""The menu by which the work uses less of the computer for now, wherever it hangs: below the tray's icon, in its panel, on the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from t4t.gui.commands import LESSES, Command
from t4t.wording import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from PySide6.QtWidgets import QWidget


class LessMenu(QMenu):
    """All ways to use less, and the way back; made once and then only shown or hidden, because a menu may be open."""

    def __init__(self, parent: QWidget, run: Callable[[Command], object]) -> None:
        """``run`` is called with what was clicked. Nothing is offered yet."""
        super().__init__(commands.label("use_less"), parent)
        self._made = {}
        for command in (*LESSES, Command.USE_MORE):
            action = self._made[command] = self.addAction(command.label)
            action.triggered.connect(lambda _checked=False, command=command: run(command))
        self.offer(())

    def offer(self, offered: Collection[Command]) -> None:
        """Show these; the whole menu goes where there is nothing to offer."""
        for command, action in self._made.items():
            if action.isVisible() != (command in offered):
                action.setVisible(command in offered)
        if self.menuAction().isVisible() != bool(offered):
            self.menuAction().setVisible(bool(offered))
