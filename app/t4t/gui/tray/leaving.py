"""The question before the end: what becomes of the work, how long that takes, and what else could be wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout

from t4t.gui.commands import Command, is_ending
from t4t.gui.components.basic import button, fit, label, say
from t4t.gui.theme.tokens import SPACE
from t4t.wording import tray as words

if TYPE_CHECKING:
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme

_WIDTH: Final = 440


class QuitDialog(QDialog):
    """Asks, and sends the answer to the session. Escape changes nothing."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Not shown."""
        super().__init__(None, Qt.WindowType.Dialog | Qt.WindowType.WindowStaysOnTopHint)
        self._session = session
        self.setWindowTitle(words.quit_title())
        self._least = theme.px(_WIDTH)
        self._saves = label()
        box = self._box = QVBoxLayout(self)
        box.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        box.setSpacing(SPACE[2])
        box.addWidget(label("title", words.quit_title()))
        box.addWidget(self._saves)
        box.addWidget(label("muted", words.quit_or_pause()))
        box.addSpacing(SPACE[1])
        row = self._row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addWidget(button(words.cancel(), self.reject))
        row.addStretch(1)
        row.addWidget(button(words.pause_instead(), lambda: self._answer(Command.PAUSE_FOREVER)))
        self._quit = button(words.save_and_quit(), lambda: self._answer(Command.QUIT), role="primary")
        self._quit.setDefault(True)
        row.addWidget(self._quit)
        box.addLayout(row)
        session.changed.connect(self._changed)

    def ask(self) -> None:
        """Be seen, with what is so now."""
        self._fill()
        self._settle()
        self.show()
        self.raise_()
        self.activateWindow()
        self._quit.setFocus()

    def event(self, event: QEvent) -> bool:
        """Another number of lines takes another height."""
        done = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest and self.isVisible():
            self._settle()
        return done

    def _fill(self) -> None:
        if self._session.view is not None:
            say(self._saves, words.quit_saves(self._session.view))

    def _settle(self) -> None:
        """As wide as its buttons, as high as its words."""
        margins = self._box.contentsMargins()
        fit(self, self._box, max(self._least, self._row.sizeHint().width() + margins.left() + margins.right()))

    def _changed(self) -> None:
        """An agent that ends or is gone needs no question any more."""
        if self.isVisible():
            self._fill()
            if self._session.view is None or is_ending(self._session.view):
                self.reject()

    def _answer(self, command: Command) -> None:
        self.accept()
        self._session.send(command)
