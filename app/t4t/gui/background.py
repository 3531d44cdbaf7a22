"""Work that blocks (looking at the computer, writing a report) beside Qt's event loop: done in a thread, told as a signal in the main thread."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from t4t.domain.errors import InternalFault, T4TError

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class _Line(QObject):
    """From a thread to the main thread.

    It speaks to itself and outlives its thread: where one end is deleted while a thread speaks, Qt has no answer but a crash.
    """

    said = Signal(object)

    def __init__(self, hear: Callable[[_Told | _Failed | _Done], None], thread: Callable[[_Line], threading.Thread]) -> None:
        """``hear`` is called in the main thread."""
        super().__init__()
        self._hear = hear
        self._thread = thread(self)
        self._heard_all = False
        self.said.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)
        _lines[:] = [line for line in _lines if not line.over]
        _lines.append(self)
        self._thread.start()

    def say(self, what: _Told | _Failed | _Done) -> None:
        """From the thread; at the very end of the process nobody is there to hear it."""
        with contextlib.suppress(RuntimeError):
            self.said.emit(what)

    @property
    def over(self) -> bool:
        """Whether nobody speaks here any more, and all was heard."""
        return self._heard_all and not self._thread.is_alive()

    @Slot(object)
    def _pass_on(self, what: _Told | _Failed | _Done) -> None:
        self._heard_all = not isinstance(what, _Told)
        self._hear(what)


_lines: Final[list[_Line]] = []


class Background(QObject):
    """One piece of work at a time; `start` while one is going on is refused. Its thread keeps no process from ending, and may outlive this.

    Signals are sent in the main thread; `busy` is false already when `done` or `failed` is.
    """

    done = Signal(object)
    """What the work returned."""
    failed = Signal(object)
    """The `T4TError` that it raised; a bug comes as `InternalFault`."""
    told = Signal(object)
    """Whatever the work told on its way."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Idle."""
        super().__init__(parent)
        self._busy = False

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._busy

    def start(self, work: Callable[[Callable[[object], None]], object]) -> bool:
        """Do ``work``, which gets what it may tell its progress to; false, with nothing done, while another is going on."""
        if self._busy:
            return False
        self._busy = True
        _Line(self._take, lambda line: threading.Thread(target=_run, args=(work, line.say), name="background", daemon=True))
        return True

    def _take(self, what: _Told | _Failed | _Done) -> None:
        if not isValid(self):
            return  # the window is gone, and with it whoever wanted to know
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


def _run(work: Callable[[Callable[[object], None]], object], say: Callable[[_Told | _Failed | _Done], None]) -> None:
    try:
        result = work(lambda what: say(_Told(what)))
    except T4TError as error:
        say(_Failed(error))
    except Exception as error:  # noqa: BLE001 - a bug in the work is told like any other failure, and the window lives
        _log.exception("a bug")
        say(_Failed(InternalFault(detail=f"{type(error).__name__}: {error}")))
    else:
        say(_Done(result))


@dataclass(frozen=True, slots=True)
class _Told:
    what: object


@dataclass(frozen=True, slots=True)
class _Failed:
    error: T4TError


@dataclass(frozen=True, slots=True)
class _Done:
    result: object
