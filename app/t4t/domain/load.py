"""How busy other programs keep this computer, and which of the listed ones run: pure arithmetic over two looks at processor times.

"Other" is all that is not ours. A VM at full load must never look like somebody else's work, so whatever can't be told apart is said not to be known.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_LEAST_SECONDS: Final = 0.5
"""Of processor time over all processors: the ticks of systems are 10 ms and more, a shorter time between two looks says nothing."""


@record(kw_only=True)
class Look:
    """One look: seconds of all processors since the computer started, and of each process of ours since it started."""

    at: float = 0.0
    """When, in seconds since 1970: the clock that processes' starts are told by."""
    total: float
    """Of all processors, whatever they did, idle too."""
    busy: float
    """Of these, what programs used."""
    ours: Mapping[tuple[int, float], float] = field(default_factory=dict)
    """By process (its number and when it started)."""


@record(kw_only=True)
class Shares:
    """In percent of the whole computer, between two looks."""

    others: float
    ours: float


def shares(before: Look, now: Look) -> Shares | None:
    """What others and we used between two looks; None if that can't be told.

    A process of ours that is new has used all its time since the last look. Of one that ended we do not know what it used last, and of one that turned out
    to be ours only now we do not know what it used before: nothing is said.
    """
    total = now.total - before.total
    if total < _LEAST_SECONDS or before.ours.keys() - now.ours.keys():
        return None
    if any(started < before.at for _, started in now.ours.keys() - before.ours.keys()):
        return None
    ours = sum(max(0.0, used - before.ours.get(process, 0.0)) for process, used in now.ours.items())
    busy = max(0.0, now.busy - before.busy)
    return Shares(others=_percent(busy - ours, total), ours=_percent(ours, total))


def _percent(part: float, total: float) -> float:
    """Clocks of different grain may say a little more than all, or less than nothing."""
    return min(100.0, max(0.0, 100.0 * part / total))


def plain_name(program: str) -> str:
    """A program's name as it is compared: without folder, without ``.exe``, in small letters."""
    return program.replace("\\", "/").rpartition("/")[2].strip().casefold().removesuffix(".exe").removesuffix(".app")


_COMM_LENGTH: Final = 15
"""Linux cuts the names of processes there."""


def running(listed: Iterable[str], names: Collection[str]) -> frozenset[str]:
    """Of the programs in ``listed``, as they stand there, those whose `plain_name` is among ``names`` (which are plain too)."""
    found = set()
    for program in listed:
        name = plain_name(program)
        if name and (name in names or name[:_COMM_LENGTH] in names):
            found.add(program)
    return frozenset(found)
