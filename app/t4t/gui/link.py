"""The local API from inside Qt's event loop: one connection, no thread, no waiting. It comes back by itself when the agent does."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from t4t.api.messages import MAX_ANSWER_BYTES, OTHER_VERSION, OUR_ERROR, Answer, Fault
from t4t.domain.errors import AgentMissing, AgentNotUnderstood, T4TError, from_wire
from t4t.domain.session import VERSION, SessionView
from t4t.gui.line import LocalLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log = logging.getLogger(__name__)

_FIRST_RETRY_MS: Final = 100
_LAST_RETRY_MS: Final = 2000

Result: TypeAlias = "bytes | T4TError"
"""The JSON of an answer, or why there is none."""


class AgentLink(QObject):
    """The connection to the agent that listens at ``path``."""

    viewed = Signal(object)
    """A `SessionView`: at once after connecting, then at each change."""
    lost = Signal(object)
    """The connection went, or there was none: the `T4TError` that says so. Sent once until the agent is there again."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        """Connects at `open`."""
        super().__init__(parent)
        self._path = path
        self._ids = itertools.count(1)
        self._waiting: dict[int, Callable[[Result], None]] = {}
        self._unread = bytearray()
        self._told_lost = False
        self._retry_ms = _FIRST_RETRY_MS
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.timeout.connect(self.open)
        self._line = LocalLine(self)
        self._line.connected.connect(self._connected)
        self._line.received.connect(self._read)
        self._line.closed.connect(self._disconnected)

    def open(self) -> None:
        """Connect, again and again until somebody listens."""
        self._line.open(self._path)

    def close(self) -> None:
        """Hang up for good."""
        self._retry.stop()
        self._line.close()
        self._fail_all(self._missing())

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self._line.is_open

    def request(self, method: str, params: dict[str, object], done: Callable[[Result], None]) -> None:
        """Ask; ``done`` gets the answer exactly once, also when the agent goes before it answers."""
        if not self.is_open:
            done(self._missing())
            return
        number = next(self._ids)
        self._waiting[number] = done
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "version": VERSION}}
        self._line.write(msgspec.json.encode(message) + b"\n")

    def _connected(self) -> None:
        self._unread.clear()
        self.request("subscribe", {}, self._subscribed)

    def _subscribed(self, result: Result) -> None:
        if isinstance(result, AgentNotUnderstood):
            self._tell_lost(result)

    def _read(self, data: bytes) -> None:
        self._unread += data
        *lines, rest = bytes(self._unread).split(b"\n")
        self._unread = bytearray(rest)
        if len(rest) > MAX_ANSWER_BYTES:
            self._give_up("an endless line")
            return
        for line in lines:
            try:
                self._take(msgspec.json.decode(line, type=Answer))
            except msgspec.MsgspecError as error:
                self._give_up(str(error))
                return

    def _take(self, answer: Answer) -> None:
        if answer.method == "view":
            view = msgspec.json.decode(bytes(answer.params), type=SessionView)
            self._told_lost = False
            self._retry_ms = _FIRST_RETRY_MS
            self.viewed.emit(view)
        elif isinstance(answer.id, int) and (done := self._waiting.pop(answer.id, None)) is not None:
            done(bytes(answer.result) if answer.error is None else _error(answer.error))

    def _give_up(self, detail: str) -> None:
        """The agent speaks otherwise than we do."""
        _log.warning("the agent is not understood: %s", detail)
        self._tell_lost(AgentNotUnderstood(detail=detail))
        self._line.close()
        self._disconnected()

    def _disconnected(self) -> None:
        self._fail_all(self._missing())
        self._tell_lost(self._missing())
        if not self._retry.isActive():
            self._retry.start(self._retry_ms)
            self._retry_ms = min(2 * self._retry_ms, _LAST_RETRY_MS)

    def _tell_lost(self, error: T4TError) -> None:
        if not self._told_lost:
            self._told_lost = True
            self.lost.emit(error)

    def _fail_all(self, error: T4TError) -> None:
        waiting, self._waiting = self._waiting, {}
        for done in waiting.values():
            done(error)

    def _missing(self) -> AgentMissing:
        return AgentMissing(data_dir=str(self._path.parent))


def _error(fault: Fault) -> T4TError:
    if fault.code == OUR_ERROR and isinstance(fault.data, dict):
        return from_wire(fault.data)
    kind = "another version" if fault.code == OTHER_VERSION else str(fault.code)
    return AgentNotUnderstood(detail=f"{kind}: {fault.message}")
