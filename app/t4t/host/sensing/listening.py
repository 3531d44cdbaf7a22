"""A sensor that listens on a connection which only a thread of its own may wait for: a display server that hangs must not hang us."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING, Final, Protocol

from t4t.host.sensing.sensor import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.readings import Readings

_CLOSE_SECONDS: Final = 2.0


class Line(Protocol):
    """A connection to a display server. Every method may block and raises `OSError` when the connection is gone."""

    tells: bool

    def fileno(self) -> int:
        """What becomes readable when the server says something."""
        ...

    def receive(self) -> None:
        """The server said something: fetch it."""
        ...

    def drain(self) -> bool:
        """Take in what was fetched, send what waits; whether a look is worth while."""
        ...

    def expect(self, away_after_s: float) -> None:
        """As `Sensor.expect`."""
        ...

    def ask(self) -> Readings:
        """What is so now."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Listening:
    """A `Sensor` of a `Line`; when that is lost, the next look opens another."""

    kind = Kind.USER

    def __init__(self, name: str, connect: Callable[[], Line]) -> None:
        """``connect`` opens a line, in the thread. It raises `OSError`."""
        self._name = name
        self._connect = connect
        self._away_after_s = 0.0
        self._lock = threading.Lock()
        self._asked: collections.deque[asyncio.Future[Readings]] = collections.deque()
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None
        self._ends = False
        self._tells = False
        self._changed: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def tells(self) -> bool:
        """See `Sensor.tells`."""
        return self._tells

    async def start(self, changed: Callable[[], None]) -> None:
        """See `Sensor.start`; a server that is not there is found by the first look."""
        self._loop, self._changed = asyncio.get_running_loop(), changed

    def expect(self, away_after_s: float) -> None:
        """See `Sensor.expect`."""
        self._away_after_s = away_after_s

    async def look(self) -> Readings:
        """See `Sensor.look`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Readings] = loop.create_future()
        with self._lock:
            self._asked.append(answer)
            if self._thread is None:
                ours, theirs = socket.socketpair()
                self._bell, self._ends = ours, False
                self._thread = threading.Thread(target=self._serve, args=(theirs, loop), name=self._name, daemon=True)
                self._thread.start()
            self._ring()
        return await answer

    async def close(self) -> None:
        """See `Sensor.close`; a thread that its server keeps is left alone."""
        with self._lock:
            thread, self._ends = self._thread, True
            self._ring()
        if thread is not None:
            await asyncio.to_thread(thread.join, _CLOSE_SECONDS)

    def _ring(self) -> None:
        if self._bell is not None:
            with contextlib.suppress(OSError):
                self._bell.send(b"?")

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _serve(self, bell: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        error: Exception = ConnectionAbortedError(self._name)
        line: Line | None = None
        try:
            line = self._connect()
            self._tells = line.tells
            self._talk(line, bell, loop)
        except Exception as lost:  # noqa: BLE001 - the top of a thread: the look that waits raises it
            error = lost
        finally:
            self._tells = False
            with self._lock:
                self._thread = None
                asked, self._asked = self._asked, collections.deque()
                if self._bell is not None:
                    self._bell.close()
                    self._bell = None
                ends = self._ends
            bell.close()
            if line is not None:
                with contextlib.suppress(Exception):
                    line.close()
            with contextlib.suppress(RuntimeError):  # the loop is closed
                for answer in asked:
                    loop.call_soon_threadsafe(_fail, answer, error)
                if line is not None and not ends:
                    loop.call_soon_threadsafe(self._changed)

    def _talk(self, line: Line, bell: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        away_after_s = self._away_after_s
        line.expect(away_after_s)
        while True:
            with self._lock:
                if self._ends:
                    return
                asked, self._asked = self._asked, collections.deque()
            if away_after_s != self._away_after_s:
                away_after_s = self._away_after_s
                line.expect(away_after_s)
            try:
                said = line.ask() if asked else None
            except BaseException:
                with self._lock:
                    self._asked.extendleft(reversed(asked))
                raise
            for answer in asked:
                if said is not None:
                    loop.call_soon_threadsafe(_answer, answer, said)
            if line.drain():
                loop.call_soon_threadsafe(self._changed)
                continue
            ready, _, _ = select.select([line.fileno(), bell.fileno()], [], [])
            if bell.fileno() in ready:
                bell.recv(4096)
            if line.fileno() in ready:
                line.receive()


def _answer(answer: asyncio.Future[Readings], said: Readings) -> None:
    if not answer.done():
        answer.set_result(said)


def _fail(answer: asyncio.Future[Readings], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
