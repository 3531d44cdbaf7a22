"""One window for one agent: a second one asks the first to come to the front, and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from t4t.api.endpoint import make_private

if TYPE_CHECKING:
    from pathlib import Path

_WAIT_MS: Final = 1000
_LONGEST: Final = 64


class OneWindow(QObject):
    """Listens for later windows."""

    asked = Signal(str)
    """A later window was asked for, with the name of its page."""

    def __init__(self, path: Path) -> None:
        """``path``: the socket of the one window."""
        super().__init__()
        self._path = path
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._listen)

    def is_first(self, page: str) -> bool:
        """Whether this is the one window; else the one that is there already was asked for ``page``. Raises `FolderUnwritable`."""
        there = QLocalSocket()
        there.connectToServer(str(self._path))
        if there.waitForConnected(_WAIT_MS):
            there.write(page.encode() + b"\n")
            there.waitForBytesWritten(_WAIT_MS)
            there.disconnectFromServer()
            return False
        make_private(self._path.parent)
        QLocalServer.removeServer(str(self._path))  # left from a window that was killed
        self._server.listen(str(self._path))
        return True

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def _listen(self) -> None:
        while (later := self._server.nextPendingConnection()) is not None:
            later.readyRead.connect(lambda later=later: self._read(later))
            later.disconnected.connect(later.deleteLater)

    def _read(self, later: QLocalSocket) -> None:
        if later.canReadLine():
            self.asked.emit(bytes(later.readLine(_LONGEST).data()).decode(errors="replace").strip())
