"""All sensors together: one task that looks at those that are due, puts together what they say, and tells of what changed."""

from __future__ import annotations

import asyncio
import functools
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from t4t.domain.readings import Readings, merged, worth_telling
from t4t.host.sensing.sensor import wait_s

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from t4t.domain.clock import Clock
    from t4t.host.sensing.sensor import Sensor

_log = logging.getLogger(__name__)

_PATIENCE_S: Final = 5.0
"""What a sensor did not answer by then is not known; it is asked no more until it has answered."""
_TOGETHER_S: Final = 1.0
"""Looks that would be due so soon are taken along: two looks at one waking cost less than two wakings."""
_BROKEN_S: Final = 300.0
"""Until a sensor that failed is tried again."""
AWAY_AFTER_S: Final = 300.0


@dataclass(slots=True)
class _Place:
    """One sensor: what it said last, when it is due, and the look that is under way."""

    sensor: Sensor
    said: Readings = field(default_factory=Readings)
    due: float = 0.0
    looking: asyncio.Task[Readings] | None = None
    since: float = 0.0
    again: bool = False
    """It called while it was being asked."""
    failed: bool = False
    started: bool = False


class Sensing:
    """The sensors of this computer. `readings` has what they said last; ``on_change`` is told of what is worth it (`worth_telling`), in the loop."""

    def __init__(
        self, sensors: Sequence[Sensor], clock: Clock, *, away_after_s: float = AWAY_AFTER_S, on_change: Callable[[Readings], None] = lambda _: None
    ) -> None:
        """Nothing is opened yet: see `opened`."""
        self._places = [_Place(sensor) for sensor in sensors]
        self._clock = clock
        self._away_after_s = away_after_s
        self._on_change = on_change
        self._working = False
        self._told = Readings()
        self._now = Readings()
        self._ring = asyncio.Event()

    @property
    def readings(self) -> Readings:
        """What the sensors said last, together."""
        return self._now

    def work(self, *, runs: bool) -> None:
        """Whether anything runs that the user could feel: only then it is worth while to look often."""
        if runs != self._working:
            self._working = runs
            self._look_again()

    def away_after(self, seconds: float) -> None:
        """The user counts as away after so long without input."""
        if seconds != self._away_after_s:
            self._away_after_s = seconds
            for place in self._places:
                place.sensor.expect(seconds)
            self._look_again()

    def _look_again(self) -> None:
        for place in self._places:
            if not place.failed:
                place.due, place.again = self._clock.monotonic(), True
        self._ring.set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Sensing]:
        """Watch as long as the context lasts; `readings` are there from its beginning."""
        task: asyncio.Task[None] | None = None
        try:
            for place in self._places:
                place.sensor.expect(self._away_after_s)
            await self._look()
            task = asyncio.create_task(self._run())
            yield self
        finally:
            if task is not None:
                task.cancel()
            looking = [place.looking for place in self._places if place.looking is not None]
            for look in looking:
                look.cancel()
            await asyncio.gather(*([] if task is None else [task]), *looking, return_exceptions=True)
            for place in self._places:
                await place.sensor.close()

    async def _run(self) -> None:
        while True:
            await self._until_due()
            await self._look()

    async def _until_due(self) -> None:
        """Wait for the next look that is due, an answer that is late, or a sensor that calls."""
        now = self._clock.monotonic()
        wait = min((place.due - now for place in self._places if place.looking is None), default=_BROKEN_S)
        ring: asyncio.Task[object] = asyncio.ensure_future(self._ring.wait())
        sleep: asyncio.Task[object] = asyncio.ensure_future(self._clock.sleep(max(0.0, wait)))
        late = [place.looking for place in self._places if place.looking is not None]
        try:
            await asyncio.wait([ring, sleep, *late], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ring, sleep):
                task.cancel()
            await asyncio.gather(ring, sleep, return_exceptions=True)
        self._ring.clear()

    async def _look(self) -> None:
        """Look at what is due, together, and tell."""
        now = self._clock.monotonic()
        for place in self._places:
            if place.looking is None and place.due <= now:
                self._ask(place, now)
        if any(place.since == now for place in self._places):  # it wakes anyway: take the next ones along
            for place in self._places:
                if place.looking is None and place.started and not place.failed and place.since != now and place.due <= now + _TOGETHER_S:
                    self._ask(place, now)
        fresh = [place.looking for place in self._places if place.looking is not None and place.since == now]
        if fresh:
            await asyncio.wait(fresh, timeout=_PATIENCE_S)
        for place in self._places:
            if place.looking is not None:
                self._take(place, place.looking)
        self._tell()

    def _ask(self, place: _Place, now: float) -> None:
        place.since, place.again = now, False
        place.looking = asyncio.create_task(self._ask_one(place))

    async def _ask_one(self, place: _Place) -> Readings:
        if not place.started:
            await place.sensor.start(functools.partial(self._changed, place))
            place.started = True
        return await place.sensor.look()

    def _changed(self, place: _Place) -> None:
        place.due, place.again = self._clock.monotonic(), True
        self._ring.set()

    def _take(self, place: _Place, look: asyncio.Task[Readings]) -> None:
        """What it said; who does not answer knows nothing, and who fails is tried again much later."""
        if not look.done():
            place.said = Readings()
            return
        place.looking = None
        error = look.exception()
        if error is None:
            place.said, place.failed = look.result(), False
            if not place.again:
                place.due = self._clock.monotonic() + self._pace(place)
            return
        if not place.failed:
            level = logging.INFO if isinstance(error, OSError) else logging.ERROR
            _log.log(level, "%s knows nothing: %s", type(place.sensor).__name__, error, exc_info=None if level == logging.INFO else error)
        place.said, place.failed = Readings(), True
        place.due = self._clock.monotonic() + _BROKEN_S

    def _pace(self, place: _Place) -> float:
        sensor = place.sensor
        return wait_s(sensor.kind, place.said, working=self._working, tells=sensor.tells, away_after_s=self._away_after_s)

    def _tell(self) -> None:
        self._now = functools.reduce(merged, (place.said for place in self._places), Readings())
        if worth_telling(self._told, self._now, away_after_s=self._away_after_s):
            self._told = self._now
            self._on_change(self._now)
