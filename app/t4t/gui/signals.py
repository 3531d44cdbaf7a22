"""SIGTERM, SIGINT and the closed terminal inside Qt's event loop, which by itself would never let Python see them."""

from __future__ import annotations

import contextlib
import signal
import socket
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSocketNotifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """``stop`` is called in the main thread, which must be the caller's, soon after each such signal."""
    reading, writing = socket.socketpair()
    for end in (reading, writing):
        end.setblocking(False)  # noqa: FBT003 - the signature of sockets
    notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: _drain(reading))
    handlers = {name: signal.signal(getattr(signal, name), lambda *_: stop()) for name in _NAMES if hasattr(signal, name)}
    before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        for name, handler in handlers.items():
            signal.signal(getattr(signal, name), handler)
        notifier.setEnabled(False)
        reading.close()
        writing.close()


def _drain(reading: socket.socket) -> None:
    """Any Python code will do: on the way to it the interpreter runs the handlers."""
    with contextlib.suppress(BlockingIOError):
        reading.recv(64)
