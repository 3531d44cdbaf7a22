"""The processes with a screen: the agent with its tray, and the window. `t4t.bootstrap` says what the work is; here it meets Qt."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, TypeAlias

from t4t.api.endpoint import endpoint
from t4t.domain.errors import NoScreen
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.own import own_program
from t4t.wording import screen as words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from t4t.gui.window.services import WindowServices

_log = logging.getLogger(__name__)

_SOCKET_OF_WINDOW: Final = ".window"

Stopping: TypeAlias = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Given what asks an engine to quit: as long as the context holds, signals come to it."""


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def command(data: Path, *words_after: str) -> tuple[str, ...]:
    """Our own command on a data folder."""
    return (*own_program(windowed=True), "--data-dir", str(data), *words_after)


def start(data: Path, *words_after: str) -> None:
    """Start our own command, which outlives us."""
    process = subprocess.Popen(
        command(data, *words_after),
        env=clean_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    threading.Thread(target=process.wait, name="reaper", daemon=True).start()


class Stop:
    """A request to end, from a signal or the end of Qt's loop, to an engine on another thread's event loop."""

    def __init__(self) -> None:
        """Asked for nothing yet."""
        self._asked = False
        self._engine: tuple[asyncio.AbstractEventLoop, Callable[[], None]] | None = None
        self._lock = threading.RLock()  # a signal's handler may run in the middle of a call

    def __call__(self) -> None:
        """Ask; from any thread, also before the engine has begun."""
        with self._lock:
            self._asked = True
            if self._engine is not None:
                loop, stop = self._engine
                loop.call_soon_threadsafe(stop)

    @contextlib.contextmanager
    def takes(self, stop: Callable[[], None]) -> Iterator[None]:
        """Pass requests on to ``stop`` in the running event loop."""
        with self._lock:
            self._engine = asyncio.get_running_loop(), stop
            if self._asked:
                stop()
        try:
            yield
        finally:
            with self._lock:
                self._engine = None


def run_agent(data: Path, work: Callable[[Stopping], None]) -> bool:
    """The agent with its tray until it ends; False, with nothing done, where there is no screen.

    ``work`` runs in another thread; it is given what its engine's ``quit`` has to be registered with. Raises what ``work`` raises.
    """
    try:
        from t4t.gui import agent  # noqa: PLC0415 - a server has no Qt libraries, and need not have them
    except ImportError as error:
        _log.warning("no tray: %s", error)
        return False
    if not agent.has_screen():
        return False

    def no_tray() -> None:
        _log.info("no tray here")
        _tell(words.no_tray())

    stop = Stop()
    agent.run(agent.Work(lambda: work(stop.takes), stop), endpoint(data), open_window=lambda page: start(data, "window", page), no_tray=no_tray)
    return True


def show_window(data: Path, page: str, services: WindowServices) -> None:
    """Be the window until it is closed; raises `NoScreen`. One that is open already comes to the front instead."""
    try:
        from t4t.gui.window import main  # noqa: PLC0415 - as above
    except ImportError as error:
        raise NoScreen(detail=str(error)) from error
    path = endpoint(data)
    if not main.run(path, path.with_suffix(_SOCKET_OF_WINDOW), page=page, services=services):
        raise NoScreen(detail="")
