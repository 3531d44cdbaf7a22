"""macOS: what NSWorkspace tells becomes events; a notice of sleep is answered late while there is work to save.

The notices are `t4t.host.session_end.workspace.SharedWorkspace`'s; what is here runs on every system, so that it is tested on every system.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.host_events import Ending, EventKind
from t4t.host.network import portable
from t4t.host.network.watch import NetworkWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from t4t.domain.clock import Clock
    from t4t.host.feed import Feed
    from t4t.host.host_events import Source

END_SECONDS: Final = 15.0
"""Programs without windows get SIGTERM at the end of a session, and are killed after 20 seconds (launchd's ExitTimeOut)."""
SLEEP_SECONDS: Final = 25.0
"""macOS waits up to 30 seconds for those who are told that it will sleep."""
_PUMP_SECONDS: Final = 1.0


class Workspace(Protocol):
    """NSWorkspace as far as we need it. Notices are "power_off", "sleep", "wake", "away" and "back", and come on the main thread."""

    def observe(self, on_notice: Callable[[str], None]) -> None:
        """Call back for each notice; the system waits for the callback to return."""
        ...

    def forget(self) -> None:
        """No more notices."""
        ...

    def block(self, reason: str) -> None:
        """Forbid that the process is ended without being asked."""
        ...

    def unblock(self) -> None:
        """Allow it again."""
        ...

    def pump(self) -> None:
        """Let the main thread's run loop deliver what has come."""
        ...


class WorkspaceEvents:
    """Brings the notices to the feed.

    Qt runs the main thread's run loop where there is a tray. Without one the asyncio loop has the main thread, and the run loop gets a turn each second;
    a notice can't be answered late then, for the saving needs the same thread: sleep is not held back.
    """

    kinds = frozenset({EventKind.SESSION_END, EventKind.SLEEP, EventKind.USER_SWITCH, EventKind.POWER, EventKind.BLOCK})

    def __init__(self, feed: Feed, clock: Clock, workspace: Workspace) -> None:
        """Nothing is observed yet."""
        self._feed = feed
        self._clock = clock
        self._workspace = workspace
        self._loop = asyncio.get_running_loop()
        self._own_thread = threading.current_thread() is not threading.main_thread()
        self._reason: str | None = None
        self._sleeping = False
        self._let_go = threading.Event()
        self._let_go.set()

    @property
    def missing(self) -> frozenset[EventKind]:
        """The battery is looked at; a main thread of our own can't wait for itself."""
        return frozenset({EventKind.POWER} if self._own_thread else {EventKind.POWER, EventKind.BLOCK})

    async def start(self) -> None:
        """Observe."""
        self._workspace.observe(self._on_notice)

    async def run(self) -> None:
        """Give the run loop its turns if nobody else does."""
        while not self._own_thread:
            await self._clock.sleep(_PUMP_SECONDS)
            self._workspace.pump()

    def close(self) -> None:
        """No more notices; nothing waits."""
        self._let_go.set()
        self._workspace.forget()
        self._workspace.unblock()

    async def hold(self, reason: str) -> None:
        """The process is not ended unasked, and sleep waits."""
        self._reason = reason
        if not self._feed.ending and not self._sleeping:
            self._block()

    async def release(self) -> None:
        """This time, or for good."""
        self._let_go.set()
        self._workspace.unblock()
        if not self._feed.ending and not self._sleeping:
            self._reason = None

    def _block(self) -> None:
        if self._reason is not None:
            self._workspace.block(self._reason)
            self._let_go.clear()

    def _on_notice(self, notice: str) -> None:
        """On the main thread."""
        if not self._own_thread:
            self._on_told(notice)
            return
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(self._on_told, notice)
        if notice == "sleep":
            self._let_go.wait(SLEEP_SECONDS)

    def _on_told(self, notice: str) -> None:
        held = self._reason is not None
        match notice:
            case "power_off":
                # NSWorkspace says the same for a log-off and a shutdown.
                self._feed.session_ends(Ending.SHUTDOWN, END_SECONDS if held else None)
            case "sleep":
                self._sleeping = True
                self._feed.falls_asleep(SLEEP_SECONDS if held and self._own_thread else None)
            case "wake":
                self._sleeping = False
                self._feed.session_goes_on()  # nobody says that an end was cancelled; a computer that sleeps and wakes did not end
                self._feed.wakes()
                self._block()
            case "away" | "back":
                self._feed.in_front(active=notice == "back")
            case _:
                pass


if sys.platform == "darwin":
    from t4t.host.session_end.workspace import SharedWorkspace

    @contextlib.contextmanager
    def listen_for_network(notice: Callable[[], None]) -> Iterator[None]:
        """Call ``notice``, in the running loop, for each message of the routing socket. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_ROUTE, socket.SOCK_RAW, 0) as end:
            end.settimeout(0)

            def drain() -> None:
                with contextlib.suppress(OSError):
                    end.recv(1 << 16)
                notice()

            loop.add_reader(end, drain)
            try:
                yield
            finally:
                loop.remove_reader(end)

    def sources(feed: Feed, clock: Clock) -> Sequence[Source]:
        """The watchers of this system."""
        return (WorkspaceEvents(feed, clock, SharedWorkspace()), NetworkWatch(feed, clock, look=portable.look, listen=listen_for_network))
