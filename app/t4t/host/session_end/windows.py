"""Windows: what the hidden window hears becomes events; while there is work to save, its answers wait.

The window is `t4t.host.session_end.window.HiddenWindow`; what is here runs on every system, so that it is tested on every system.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from t4t.domain.host_events import Ending, EventKind
from t4t.host import power
from t4t.host.network import portable
from t4t.host.network.watch import NetworkWatch
from t4t.host.session_end.messages import WM_POWERBROADCAST, WM_QUERYENDSESSION, News, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.clock import Clock
    from t4t.domain.host_events import Power
    from t4t.host.feed import Feed
    from t4t.host.host_events import Source
    from t4t.host.session_end.messages import Told

_log = logging.getLogger(__name__)

END_SECONDS: Final = 5.0
"""What Windows promises a program without a visible window (HungAppTimeout)."""
SLEEP_SECONDS: Final = 2.0
"""What Windows promises before it sleeps."""
_HOLD_END_SECONDS: Final = 20.0
"""How long the answer to the end may wait; Windows often has more patience than it promises."""
_AGREED: Final = 1


class Window(Protocol):
    """A top-level window that nobody sees; it calls back on a thread of its own."""

    def open(self, on_message: Callable[[int, int, int], int | None]) -> None:
        """Begin to listen: the callback gets (message, wParam, lParam) and gives the answer, None for the system's default. Raises `OSError`."""
        ...

    def block(self, reason: str) -> bool:
        """Show why the end of the session has to wait. False if Windows refused."""
        ...

    def unblock(self) -> None:
        """Nothing has to wait any more."""
        ...

    def close(self) -> None:
        """Stop listening; returns when the thread has ended."""
        ...


class WindowEvents:
    """Brings what the window hears to the feed."""

    kinds = frozenset({EventKind.SESSION_END, EventKind.SLEEP, EventKind.USER_SWITCH, EventKind.POWER, EventKind.BLOCK})

    def __init__(self, feed: Feed, window: Window, *, look_at_power: Callable[[], Power | None] = power.look) -> None:
        """Nothing is opened yet."""
        self._feed = feed
        self._window = window
        self._look_at_power = look_at_power
        self._loop = asyncio.get_running_loop()
        self._open = False
        self._reason: str | None = None
        self._refused = False
        self._let_go = threading.Event()
        """Set while no answer has to wait."""
        self._let_go.set()
        self._sleeping = False

    @property
    def missing(self) -> frozenset[EventKind]:
        """Without the window everything; a block that Windows refused."""
        if not self._open:
            return self.kinds
        return frozenset({EventKind.BLOCK}) if self._refused else frozenset()

    async def start(self) -> None:
        """Open the window, and read the battery."""
        try:
            await asyncio.to_thread(self._window.open, self._on_message)
        except OSError as error:
            _log.warning("no window for the system's messages: %s", error)
            return
        self._open = True
        self._read_power()

    async def run(self) -> None:
        """The window's thread does the work."""

    def close(self) -> None:
        """Answers wait no longer, and the window goes."""
        self._reason = None
        self._let_go.set()
        if self._open:
            self._open = False
            self._window.unblock()
            self._window.close()

    async def hold(self, reason: str) -> None:
        """Answers wait from now on."""
        self._reason = reason
        if not self._feed.ending and not self._sleeping:
            self._block()

    async def release(self) -> None:
        """Answers wait no longer: this time, or for good."""
        self._let_go.set()
        if self._open:
            self._window.unblock()
        if not self._feed.ending and not self._sleeping:
            self._reason = None
            self._refused = False

    def _block(self) -> None:
        """Hold, or hold again what was let through once, if it is wanted."""
        if self._reason is not None and self._open:
            self._let_go.clear()
            self._refused = not self._window.block(self._reason)

    # --- on the window's thread ----------------------------------------------------------------------------------

    def _on_message(self, message: int, wparam: int, lparam: int) -> int | None:
        """Answer a message. The system is always agreed with: it ends hidden programs that refuse, and that at once."""
        told = decode(message, wparam, lparam)
        if told is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
                self._loop.call_soon_threadsafe(self._on_told, told)
            if told.news is News.ENDS:
                self._let_go.wait(_HOLD_END_SECONDS)
            elif told.news is News.SLEEPS:
                self._let_go.wait(SLEEP_SECONDS)
        return _AGREED if message in {WM_QUERYENDSESSION, WM_POWERBROADCAST} else None

    # --- on the loop's thread ------------------------------------------------------------------------------------

    def _on_told(self, told: Told) -> None:
        match told.news:
            case News.END_ASKED | News.ENDS:
                self._feed.session_ends(told.ending or Ending.SHUTDOWN, END_SECONDS if self._reason is not None else None)
            case News.END_CANCELLED:
                self._feed.session_goes_on()
                self._block()
            case News.SLEEPS:
                self._sleeping = True
                self._feed.falls_asleep(SLEEP_SECONDS)
            case News.WAKES:
                self._sleeping = False
                self._feed.wakes()
                self._block()
            case News.AWAY | News.BACK:
                self._feed.in_front(active=told.news is News.BACK)
            case News.POWER:
                self._read_power()
            case News.CLOCK:
                self._feed.look_at_clocks()
            case _:
                assert_never(told.news)

    def _read_power(self) -> None:
        if (now := self._look_at_power()) is not None:
            self._feed.power(now)


if sys.platform == "win32":
    from t4t.host.session_end.window import HiddenWindow, listen_for_network

    def sources(feed: Feed, clock: Clock) -> Sequence[Source]:
        """The watchers of this system."""
        return (WindowEvents(feed, HiddenWindow()), NetworkWatch(feed, clock, look=portable.look, listen=listen_for_network))
