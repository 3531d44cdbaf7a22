"""A local connection inside Qt's event loop: a Unix socket, or on Windows a named pipe.

Unix sockets need no more of Qt than its event loop: its network library would be 2 MB in an agent that lives for weeks.
"""

from __future__ import annotations

import errno
import socket
import sys
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal

if TYPE_CHECKING:
    from pathlib import Path

_PIECE: Final = 1 << 18
_LATER: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR})


class Line(QObject):
    """One connection at a time to who listens at a path."""

    connected = Signal()
    received = Signal(bytes)
    closed = Signal()
    """By the other end, by an error, or because nobody listens; not after `close`."""

    def open(self, path: Path) -> None:
        """Connect, unless that was done."""
        raise NotImplementedError

    def close(self) -> None:
        """Hang up; nothing is told any more."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Send."""
        raise NotImplementedError

    @property
    def is_open(self) -> bool:
        """Whether somebody is at the other end."""
        raise NotImplementedError


if sys.platform == "win32":
    from PySide6.QtNetwork import QLocalSocket

    class _Pipe(Line):
        """See `Line`."""

        def __init__(self, parent: QObject | None = None) -> None:
            super().__init__(parent)
            self._socket = QLocalSocket(self)
            self._socket.connected.connect(self.connected)
            self._socket.readyRead.connect(lambda: self.received.emit(self._socket.readAll().data()))
            self._socket.disconnected.connect(self.closed)
            self._socket.errorOccurred.connect(self.closed)

        def open(self, path: Path) -> None:
            if self._socket.state() is QLocalSocket.LocalSocketState.UnconnectedState:
                self._socket.connectToServer(str(path))

        def close(self) -> None:
            before = self._socket.blockSignals(True)  # noqa: FBT003 - Qt's signature
            self._socket.abort()
            self._socket.blockSignals(before)

        def write(self, data: bytes) -> None:
            self._socket.write(data)
            self._socket.flush()

        @property
        def is_open(self) -> bool:
            return self._socket.state() is QLocalSocket.LocalSocketState.ConnectedState

    LocalLine: type[Line] = _Pipe
else:

    class _UnixSocket(Line):
        """See `Line`."""

        def __init__(self, parent: QObject | None = None) -> None:
            super().__init__(parent)
            self._socket: socket.socket | None = None
            self._reading: QSocketNotifier | None = None
            self._writing: QSocketNotifier | None = None
            self._unsent = bytearray()

        def open(self, path: Path) -> None:
            if self._socket is not None:
                return
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(0)
            try:
                made.connect(str(path))
            except OSError:
                made.close()
                QTimer.singleShot(0, self, self.closed.emit)
                return
            self._socket = made
            self._reading = QSocketNotifier(made.fileno(), QSocketNotifier.Type.Read, self)
            self._reading.activated.connect(self._read)
            self._writing = QSocketNotifier(made.fileno(), QSocketNotifier.Type.Write, self)
            self._writing.setEnabled(False)
            self._writing.activated.connect(self._send)
            self.connected.emit()

        def close(self) -> None:
            for notifier in (self._reading, self._writing):
                if notifier is not None:
                    notifier.setEnabled(False)
                    notifier.deleteLater()
            self._reading = self._writing = None
            if self._socket is not None:
                self._socket.close()
            self._socket = None
            self._unsent.clear()

        def write(self, data: bytes) -> None:
            self._unsent += data
            self._send()

        @property
        def is_open(self) -> bool:
            return self._socket is not None

        def _send(self) -> None:
            if self._socket is None or self._writing is None:
                return
            try:
                while self._unsent:
                    del self._unsent[: self._socket.send(self._unsent)]
            except OSError as error:
                if error.errno not in _LATER:  # the end is read next
                    self._unsent.clear()
            self._writing.setEnabled(bool(self._unsent))

        def _read(self) -> None:
            if self._socket is None:
                return
            try:
                data = self._socket.recv(_PIECE)
            except OSError as error:
                if error.errno in _LATER:
                    return
                data = b""
            if data:
                self.received.emit(data)
                return
            self.close()
            self.closed.emit()

    LocalLine = _UnixSocket
