"""Work that blocks (looking at the computer, writing a report) beside Qt's event loop: done in a thread, told as a signal in the main thread."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from PySide6.QtCore import QObject, Qt, Signal

from t4t.domain.errors import InternalFault, T4TError

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class Background(QObject):
    """One piece of work at a time; `start` while one is going on is refused. Its thread keeps no process from ending.

    Signals are sent in the main thread; `busy` is false already when `done` or `failed` is.
    """

    done = Signal(object)
    """What the work returned."""
    failed = Signal(object)
    """The `T4TError` that it raised; a bug comes as `InternalFault`."""
    told = Signal(object)
    """Whatever the work told on its way."""
    _from_thread = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Idle."""
        super().__init__(parent)
        self._busy = False
        self._from_thread.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._busy

    def start(self, work: Callable[[Callable[[object], None]], object]) -> bool:
        """Do ``work``, which gets what it may tell its progress to; false, with nothing done, while another is going on."""
        if self._busy:
            return False
        self._busy = True
        threading.Thread(target=self._run, args=(work,), name="background", daemon=True).start()
        return True

    def _run(self, work: Callable[[Callable[[object], None]], object]) -> None:
        try:
            result = work(lambda what: self._send(_Told(what)))
        except T4TError as error:
            self._send(_Failed(error))
        except Exception as error:  # noqa: BLE001 - a bug in the work is told like any other failure, and the window lives
            _log.exception("a bug")
            self._send(_Failed(InternalFault(detail=f"{type(error).__name__}: {error}")))
        else:
            self._send(_Done(result))

    def _send(self, what: _Told | _Failed | _Done) -> None:
        """The window may be gone by now, and with it whoever wanted to know."""
        with contextlib.suppress(RuntimeError):
            self._from_thread.emit(what)

    def _take(self, what: _Told | _Failed | _Done) -> None:
        match what:
            case _Told():
                self.told.emit(what.what)
            case _Failed():
                self._busy = False
                self.failed.emit(what.error)
            case _Done():
                self._busy = False
                self.done.emit(what.result)
            case _:
                assert_never(what)


@dataclass(frozen=True, slots=True)
class _Told:
    what: object


@dataclass(frozen=True, slots=True)
class _Failed:
    error: T4TError


@dataclass(frozen=True, slots=True)
class _Done:
    result: object
