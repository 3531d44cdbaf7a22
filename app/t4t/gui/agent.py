"""The agent's main thread where there is a screen: Qt with the tray, while the engine works in a thread of its own."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from t4t.gui.application import application
from t4t.gui.link import AgentLink
from t4t.gui.session import Session
from t4t.gui.signals import stop_on_signals
from t4t.gui.tray.app import Tray

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Work:
    """What runs in the other thread, as far as the main thread has to do with it."""

    def __init__(self, work: Callable[[], None], stop: Callable[[], None]) -> None:
        """``work`` returns when all is saved; ``stop``, called from any thread, asks it to."""
        self.stop = stop
        self._work = work
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="engine")
        self._bell = _Bell()

    def run_beside(self, loop: Callable[[], object]) -> None:
        """Run while ``loop`` runs Qt's event loop; that ends when the work does. Raises what the work raised."""
        self._bell.rang.connect(QCoreApplication.quit, Qt.ConnectionType.QueuedConnection)
        self._thread.start()
        try:
            loop()
        finally:
            self.stop()
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self._error = error
        finally:
            self._bell.rang.emit()


class _Bell(QObject):
    """A signal that may be emitted in any thread."""

    rang = Signal()


def run(work: Work, path: Path, *, open_window: Callable[[str], None], no_tray: Callable[[], None]) -> None:
    """Be the tray of the agent that ``work`` is and that listens at ``path``, until it ends. There must be an application."""
    session = Session(AgentLink(path))
    tray = Tray(session, open_window=open_window, no_tray=no_tray)
    with contextlib.ExitStack() as stack:
        stack.callback(session.close)
        stack.callback(tray.take_down)
        stack.enter_context(stop_on_signals(work.stop))
        session.open()
        work.run_beside(QCoreApplication.exec)


def has_screen() -> bool:
    """Whether a screen can be reached; makes the process's Qt application, which stays."""
    found = application(windows=False)
    if found is not None:
        found.setQuitOnLastWindowClosed(False)
        _kept.append(found)
    return found is not None


_kept: list[QObject] = []
"""Qt's application must outlive everything that was made with it."""
