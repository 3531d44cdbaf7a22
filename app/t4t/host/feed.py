"""Where all watchers of this computer bring what they see: one queue of events, each told once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from t4t.domain import clocks
from t4t.domain.clocks import ClockWatch
from t4t.domain.host_events import (
    AboutToSleep,
    DiskChanged,
    NetworkChanged,
    PowerChanged,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    ZoneChanged,
    power_changed,
)
from t4t.host.clocks import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.clocks import Reading
    from t4t.domain.host_events import Ending, HostEvent, Power, Route

_STATES: Final = (PowerChanged, NetworkChanged, DiskChanged, ZoneChanged)
"""Events that say how something is: of several that nobody has read yet the last one counts."""
_ENDED_WITHOUT_US_S: Final = 180.0
"""Who still lives so long after the session was to end was not part of it (a service), or it was cancelled and nobody said so (macOS)."""


class Feed:
    """Watchers tell it what they see, in the event loop's thread; whoever iterates gets each event once, and none twice in a row."""

    def __init__(self, *, read_clocks: Callable[[], Reading] = read) -> None:
        """Reads the clocks once, to compare with."""
        self._read_clocks = read_clocks
        self._clocks = ClockWatch(last=read_clocks())
        self._events: deque[HostEvent] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._ending_until: float | None = None
        self._away = False
        self._power: Power | None = None
        self._routes: frozenset[Route] | None = None

    def tell(self, event: HostEvent) -> None:
        """Queue an event; unread ones that it makes untrue go."""
        if isinstance(event, _STATES):
            self._events = deque(queued for queued in self._events if type(queued) is not type(event))
        self._events.append(event)
        self._wake.set()

    async def next(self) -> HostEvent | None:
        """The next event; None when the feed was closed and is empty."""
        while not self._events:
            if self._closed:
                return None
            self._wake.clear()
            await self._wake.wait()
        return self._events.popleft()

    def close(self) -> None:
        """No more events."""
        self._closed = True
        self._wake.set()

    # --- what watchers say; told only if it is news --------------------------------------------------------------

    @property
    def ending(self) -> bool:
        """The session's end was told and not cancelled."""
        return self._ending_until is not None

    def session_ends(self, ending: Ending, seconds: float | None) -> None:
        """The session will end."""
        if not self.ending:
            self._ending_until = self._read_clocks().awake_s + max(_ENDED_WITHOUT_US_S, 2 * (seconds or 0))
            self.tell(SessionEnding(ending=ending, seconds=seconds))

    def session_goes_on(self) -> None:
        """It will not, after all."""
        if self.ending:
            self._ending_until = None
            self.tell(SessionEndCancelled())

    def falls_asleep(self, seconds: float | None) -> None:
        """The computer will sleep."""
        if not self._clocks.asleep:
            self._clocks, events = clocks.announce_sleep(self._clocks, self._read_clocks())
            for event in (*events, AboutToSleep(seconds=seconds)):
                self.tell(event)

    def wakes(self) -> None:
        """The computer woke, says the system."""
        self._clocks, events = clocks.announce_waking(self._clocks, self._read_clocks())
        for event in events:
            self.tell(event)

    def look_at_clocks(self) -> None:
        """Compare the clocks: sleep that nobody announced, jumps, another zone; and an end of the session that never came."""
        now = self._read_clocks()
        self._clocks, events = clocks.look(self._clocks, now)
        if self._ending_until is not None and now.awake_s >= self._ending_until:
            self.session_goes_on()
        for event in events:
            self.tell(event)

    def in_front(self, *, active: bool) -> None:
        """Whether our session is the one that is shown; it counts as shown until something else is said."""
        if active == self._away:
            self._away = not active
            self.tell(UserBack() if active else UserAway())

    def power(self, power: Power) -> None:
        """The source of power."""
        if power_changed(self._power, power):
            self._power = power
            self.tell(PowerChanged(power=power))

    def network(self, routes: frozenset[Route]) -> None:
        """The ways out; the first ones are what the VMs were started with, unless there are none."""
        before, self._routes = self._routes, routes
        if routes != before and (before is not None or not routes):
            self.tell(NetworkChanged(routes=routes))
