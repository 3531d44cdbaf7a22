"""Messages by the tray's own means, where the agent has nothing better: the system's balloon or toast, one page behind it, no buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject, QTimer

from t4t.domain.notification_policy import Reaction
from t4t.gui.session import reader
from t4t.wording.messages import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.session import MessageView
    from t4t.gui.session import Session

_BANNER_MS: Final = 30_000
"""When it is over for sure: nobody tells of that."""


class Speaker(Protocol):
    """The icon, as far as it shows messages."""

    def tell(self, title: str, body: str) -> bool:
        """Show one; false: it can't be shown here."""
        ...


class Messages(QObject):
    """Shows what the session's view has in ``messages``, one after the other, and tells the agent what becomes of each."""

    def __init__(self, session: Session, speaker: Speaker, open_window: Callable[[str], None], parent: QObject | None = None) -> None:
        """Listens to ``session`` from now on."""
        super().__init__(parent)
        self._session, self._speaker, self._open_window = session, speaker, open_window
        self._had: set[str] = set()
        self._last: MessageView | None = None
        self._over = QTimer(self)
        self._over.setSingleShot(True)
        self._over.setInterval(_BANNER_MS)
        self._over.timeout.connect(self._expired)
        session.changed.connect(self.look)

    def look(self) -> None:
        """Show what is new, if nothing is on the screen."""
        messages = () if self._session.view is None else self._session.view.messages
        if self._session.view is not None:
            self._had &= {one.key for one in messages}
        new = next((one for one in messages if one.key not in self._had), None)
        if new is None or self._over.isActive():
            return
        said = message(new, reader())
        if self._speaker.tell(said.title, said.body):
            self._had.add(new.key)
            self._last = new
            self._over.start()
            self._session.react(new.key, Reaction.SHOWN)

    def clicked(self) -> None:
        """The message was clicked; some systems keep it and tell of that much later."""
        if self._last is not None:
            self._open_window(self._last.page)
            self._session.react(self._last.key, Reaction.ANSWERED)
            self._over.stop()

    def _expired(self) -> None:
        if self._last is not None:
            self._session.react(self._last.key, Reaction.CLOSED)
        self.look()
