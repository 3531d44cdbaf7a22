"""Keeps the book of what the work costs while the agent runs: looks once a minute, writes at most each few minutes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.energy import Spent, month, steadied, together, without_costs
from t4t.durable import to_the_end
from t4t.host.energy import our_watts, processor_name, real_cores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from t4t.domain.clock import WallClock
    from t4t.domain.energy import Day, Price
    from t4t.domain.readings import Readings, Watts
    from t4t.host.energy import Book

_log = logging.getLogger(__name__)

FILE: Final = "energy.json"
"""In the data folder."""
_LOOK_S: Final = 60.0
_WRITE_S: Final = 300.0
_MONTH: Final = len("2026-11")


class Life(Protocol):
    """What the ledger asks once a minute."""

    @property
    def readings(self) -> Readings:
        """What the sensors said last."""
        ...

    @property
    def computes(self) -> bool:
        """Whether a VM works: what the computer needs otherwise is not ours."""
        ...

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes received and sent since the start."""
        ...

    @property
    def price(self) -> Price:
        """Of electricity now."""
        ...


def today(clock: WallClock) -> str:
    """The day on the clock on the wall, as `Day` names it."""
    now = clock.wall()
    return datetime.fromtimestamp(now + clock.offset_at(now), UTC).date().isoformat()


def shown(day: Day, price: Price) -> Day:
    """Without money where no price is known now."""
    return day if price.per_kwh > 0 else without_costs(day)


class Ledger:
    """Fills a `Book`."""

    def __init__(
        self, book: Book, life: Life, clock: WallClock, *, processor: Callable[[], str] = processor_name, cores: Callable[[], int] = real_cores
    ) -> None:
        """Counts nothing before `run`."""
        self._book = book
        self._life = life
        self._clock = clock
        self._processor = processor
        self._cores = cores
        self._looked = 0.0
        self._moved = (0, 0)
        self._written = 0.0
        self._days = book.days
        self._power: Watts | None = None
        self._shown: tuple[tuple[str, Price, Watts | None], Spent] | None = None

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Count as long as this lasts; what was counted is written down at its end."""
        self._looked = self._written = self._clock.monotonic()
        self._moved = self._life.moved
        task = asyncio.create_task(self._run(), name="ledger")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._look()
            await self._write()

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_S)
            try:
                self._look()
                if self._clock.monotonic() - self._written >= _WRITE_S:
                    self._written = self._clock.monotonic()
                    await self._write()
            except Exception:  # noqa: BLE001 - the top of a task: a bug in a measurement ends nothing but that one
                _log.exception("a bug in the ledger")

    def _look(self) -> None:
        """Count what was since the last look: it is taken to have been as it is now."""
        day, life, now = today(self._clock), self._life, self._clock.monotonic()
        seconds, self._looked = now - self._looked, now
        power = our_watts(life.readings, processor=self._processor(), cores=self._cores()) if life.computes else None
        self._power = steadied(self._power, power)
        if power is not None:
            self._book.count(day, power, seconds, price=life.price)
        received, sent = (new - old for new, old in zip(life.moved, self._moved, strict=True))
        self._moved = life.moved
        if received or sent:
            self._book.move(day, received=received, sent=sent)

    async def _write(self) -> None:
        """What can't be written now is written later, or lost: it is a measurement."""
        if self._book.days != self._days:
            try:
                await to_the_end(self._book.save)
            except OSError as error:
                _log.warning("what it cost is not written down: %s", error)
            else:
                self._days, self._shown = self._book.days, None

    @property
    def days(self) -> Sequence[Day]:
        """All that was counted, the oldest first."""
        return self._book.days

    @property
    def spent(self) -> Spent:
        """As it was written down last, for what changes each minute would be sent to all who look on; and the watts of the last look, while they stay near."""
        name, price, power = today(self._clock), self._life.price, self._power
        if self._shown is not None and self._shown[0] == (name, price, power):
            return self._shown[1]
        this_day = together([day for day in self._days if day.day == name], name)
        spent = Spent(day=shown(this_day, price), month=shown(month(self._days, name[:_MONTH]), price), power=power)
        self._shown = ((name, price, power), spent)
        return spent
