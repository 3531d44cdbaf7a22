"""The icon in the system's tray with its menu: shows a `TrayModel`, tells what was clicked, and can be put up again when the tray is another one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QAction, QFont
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from t4t.gui.commands import PAUSES, Command
from t4t.gui.less_menu import LessMenu
from t4t.gui.theme.icons import app_icon, tray_icon
from t4t.gui.theme.scheme import panel_is_dark
from t4t.gui.tray.model import LINES, NAME, Slot, TrayModel

if TYPE_CHECKING:
    from collections.abc import Callable

HOME: Final = "home"
WHY: Final = "why"
_CLICKS: Final = {QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick}


def _as_label(text: str) -> str:
    """Plain text for a menu, where an ampersand would mark a key."""
    return text.replace("&", "&&")


class _Menu(QMenu):
    """All actions that ever are, made once and then only changed: a tray host may hold the menu open."""

    def __init__(self, run: Callable[[Command], None], show_page: Callable[[str], None]) -> None:
        super().__init__()
        self._pages = {Slot.STATUS: HOME, Slot.OPEN: HOME, Slot.WHY: WHY}
        self._commands = {
            Slot.RESUME: Command.RESUME,
            Slot.PROLONG: Command.PROLONG,
            Slot.ANYWAY: Command.RUN_ANYWAY,
            Slot.OBEY: Command.OBEY_RULES,
            Slot.QUIT: Command.QUIT,
        }
        self._actions: dict[Slot, QAction] = {}
        self._below: dict[Command, QAction] = {}
        for slot in Slot:
            self._actions[slot] = self._made(slot, run, show_page)
        bold = QFont(self.font())
        bold.setBold(True)
        self._actions[Slot.STATUS].setFont(bold)

    def _made(self, slot: Slot, run: Callable[[Command], None], show_page: Callable[[str], None]) -> QAction:
        if slot in LINES:
            return self.addSeparator()
        if slot is Slot.PAUSE:
            menu = self.addMenu("")
            for command in (*PAUSES, Command.FINISH):
                if command is Command.FINISH:
                    self._finish_line = menu.addSeparator()
                self._below[command] = menu.addAction(_as_label(command.label))
                self._below[command].triggered.connect(lambda _checked=False, command=command: run(command))
            return menu.menuAction()
        if slot is Slot.LESS:
            self._less = LessMenu(self, run)
            return self.addMenu(self._less)
        action = self.addAction("")
        if slot in self._pages:
            action.triggered.connect(lambda _checked=False, page=self._pages[slot]: show_page(page))
        elif slot in self._commands:
            action.triggered.connect(lambda _checked=False, command=self._commands[slot]: run(command))
        return action

    def show_model(self, model: TrayModel) -> None:
        """Bring the actions in line; what is the same is not touched."""
        for slot, action in self._actions.items():
            row = model.row(slot)
            if action.isVisible() != (row is not None):
                action.setVisible(row is not None)
            if row is None or slot in LINES:
                continue
            if action.text() != _as_label(row.text):
                action.setText(_as_label(row.text))
            if action.isEnabled() != row.enabled:
                action.setEnabled(row.enabled)
        less = model.row(Slot.LESS)
        self._less.offer(() if less is None else less.below)
        pause = model.row(Slot.PAUSE)
        finish = pause is not None and Command.FINISH in pause.below
        for action in (self._finish_line, self._below[Command.FINISH]):
            if action.isVisible() != finish:
                action.setVisible(finish)


class TrayIcon(QObject):
    """The icon. Nothing is seen before the first `show_model`."""

    asked = Signal(object)
    """A `Command` was clicked."""
    page_asked = Signal(str)
    """A page of the window was asked for."""
    clicked = Signal()
    """A left click, where such a click does not open the menu."""
    message_clicked = Signal()
    menu_opens = Signal()
    """What changes with time alone should be said anew."""

    def __init__(self, parent: QObject | None = None) -> None:
        """No icon yet."""
        super().__init__(parent)
        self._model: TrayModel | None = None
        self._dark = False
        self._menu: _Menu | None = None
        self._icon: QSystemTrayIcon | None = None

    @property
    def has_place(self) -> bool:
        """Whether there is a tray that shows icons."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def place(self) -> QRect:
        """Where it is on the screen; empty if nobody tells."""
        return QRect() if self._icon is None else self._icon.geometry()

    def tell(self, title: str, body: str) -> bool:
        """Show a message beside it, as the system shows them; false where it can't."""
        if self._icon is None or not self.has_place or not QSystemTrayIcon.supportsMessages():
            return False
        self._icon.showMessage(title, body, app_icon())
        return True

    def show_model(self, model: TrayModel) -> None:
        """Show ``model``; what is shown already is not sent to the tray again."""
        dark = panel_is_dark()
        before, self._model = self._model, model
        if self._icon is None or self._menu is None:
            self.rebuild()
            return
        if before == model and dark == self._dark:
            return
        self._menu.show_model(model)
        if before is None or before.state is not model.state or dark != self._dark:
            self._dark = dark
            self._icon.setIcon(tray_icon(model.state, dark_panel=dark))
        if before is None or before.tooltip != model.tooltip:
            self._icon.setToolTip(model.tooltip)

    def rebuild(self) -> None:
        """Take the icon down and put up a new one: Qt decides between kinds of trays when an icon is made, and never again."""
        if self._model is None:
            return
        self.take_down()
        self._dark = panel_is_dark()
        self._menu = _Menu(self.asked.emit, self.page_asked.emit)
        self._menu.aboutToShow.connect(self.menu_opens)
        self._menu.show_model(self._model)
        self._icon = QSystemTrayIcon(tray_icon(self._model.state, dark_panel=self._dark), self)
        self._icon.setObjectName(NAME)
        self._icon.setToolTip(self._model.tooltip)
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._clicked)
        self._icon.messageClicked.connect(self.message_clicked)
        self._icon.show()

    def take_down(self) -> None:
        """Remove the icon."""
        if self._icon is not None:
            self._icon.hide()
            self._icon.deleteLater()
        if self._menu is not None:
            self._menu.deleteLater()
        self._icon = self._menu = None

    def _clicked(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in _CLICKS and sys.platform != "darwin":  # there each click opens the menu
            self.clicked.emit()
