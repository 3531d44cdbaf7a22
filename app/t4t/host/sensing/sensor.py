"""What a sensor is, and how often one is asked: often only while it matters, for each look wakes the computer."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.readings import Readings


class Kind(enum.Enum):
    """What a sensor is about; each kind has its pace."""

    USER = "user"
    """Input, lock, remote session, screen: whoever comes back must not wait."""
    PROGRAMS = "programs"
    """The load of others, listed programs."""
    COMPUTER = "computer"
    """Heat, memory, disk, power saver, network."""
    POWER = "power"
    """Watts."""


class Sensor(Protocol):
    """One sensor. What it does not know, or not now, it leaves None; it never guesses."""

    kind: Kind

    @property
    def tells(self) -> bool:
        """Whether it calls back by itself when something changed, so that looking again is only for safety."""
        ...

    async def start(self, changed: Callable[[], None]) -> None:
        """Open what it needs. ``changed`` is called in the loop when a look is worth while. A sensor that can't work here raises `OSError`."""
        ...

    def expect(self, away_after_s: float) -> None:
        """The user counts as away after so long without input: who tells by itself tells of that."""
        ...

    async def look(self) -> Readings:
        """What is known now. May be cancelled. Raises `OSError` when it can't be known any more."""
        ...

    async def close(self) -> None:
        """Give everything back; also after `start` failed."""
        ...


_AWAY_S: Final = 1.0
_HERE_S: Final = 3.0
_TOLD_S: Final = 60.0
_PACES: Final = {Kind.USER: (_HERE_S, 15.0), Kind.PROGRAMS: (10.0, 30.0), Kind.COMPUTER: (20.0, 60.0), Kind.POWER: (60.0, 300.0)}
"""While work runs, and while none does."""


def wait_s(kind: Kind, readings: Readings, *, working: bool, tells: bool, away_after_s: float) -> float:
    """How long until the next look at a sensor, which said ``readings`` last.

    Only one who may come back is looked for each second: who is there can't come, and while nothing runs nobody can be disturbed. Of a user who is there it is
    seen on the second when he counts as away.
    """
    if tells:
        return _TOLD_S
    busy_s, calm_s = _PACES[kind]
    if kind is not Kind.USER:
        return busy_s if working else calm_s
    used = readings.in_use(away_after_s=away_after_s)
    if used is False:
        return _AWAY_S if working else calm_s
    pace = busy_s if working else calm_s
    if readings.idle_s is None or readings.idle_s >= away_after_s:
        return pace
    return min(pace, max(_AWAY_S, away_after_s - readings.idle_s))
