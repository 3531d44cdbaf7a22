"""What this computer's sensors say besides the events of `t4t.domain.host_events`: who uses it, how busy, how hot, on which power it is. Values only."""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Final

from t4t.domain.record import record


class Screen(enum.Enum):
    """What takes the whole screen, or asks for quiet, so that a slower computer would be noticed at once."""

    NOTHING = "nothing"
    FULL_SCREEN = "full_screen"
    """The window in front fills a screen: a film, a game, a slide show."""
    PRESENTATION = "presentation"
    """A program keeps the screen on (a call, a film), or the system is set to presenting."""
    GAME = "game"
    """A game told the system that it plays."""


class Thermal(enum.Enum):
    """How hot the computer is by its own word, from cool to throttling."""

    NOMINAL = "nominal"
    FAIR = "fair"
    SERIOUS = "serious"
    CRITICAL = "critical"


_SCREENS: Final = {kind: depth for depth, kind in enumerate(Screen)}
_HEAT: Final = {kind: depth for depth, kind in enumerate(Thermal)}


class Source(enum.Enum):
    """Where a figure of power comes from, the best first."""

    RAPL = "rapl"
    """The processor's own meter: the packages, without screen, disks and power supply."""
    BATTERY = "battery"
    """The discharge of the battery: the whole computer."""
    ESTIMATE = "estimate"
    """No meter: the processor time of our VMs, times the watts of a core from a table."""


@record(kw_only=True)
class Watts:
    """Power now. A meter tells that of the whole computer or processor, whoever uses it; an estimate that of our VMs alone."""

    watts: float
    source: Source


@record(kw_only=True)
class Readings:
    """All that the sensors said last; None is not known here or now, and must hold nothing back.

    How old a value may be when it is read, while work runs / while nothing runs: the user's input, lock, remote session and screen 1 s (3 s while the user is
    there) / 15 s, and nothing at all where the system tells of changes by itself; listed programs and the load of others 10 s / 30 s; temperature, memory,
    disk, power saver and metered network 20 s / 60 s; watts 60 s / 300 s. The source of power and the battery's charge are no readings:
    `t4t.domain.host_events.PowerChanged` brings them.
    """

    idle_s: float | None = None
    """Seconds since the last input of whoever sits at this computer, at the last look: there is one when it reaches the time after which he is away."""
    locked: bool | None = None
    """The screen is locked: nobody uses the computer, however short ago the last input was."""
    remote: bool | None = None
    """Somebody uses this desktop over the network (remote desktop; a shell by SSH does not count)."""
    screen: Screen | None = None
    screen_by: str = ""
    """The program that is told of ``screen``, if it is known; for the sentence, never for a decision."""
    programs: frozenset[str] | None = None
    """Of the programs that the volunteer listed, those that run now, as they were listed."""
    others_percent: float | None = None
    """Processor time of all programs but ours and our VMs, in percent of the whole computer, over the time between two looks."""
    ours_percent: float | None = None
    """Of our programs and VMs, likewise: what is measured beside the volunteer's limit."""
    temperature_c: float | None = None
    """The hottest of the processor's sensors."""
    thermal: Thermal | None = None
    saver: bool | None = None
    """The volunteer, or the system by itself, chose to save power."""
    quiet: bool | None = None
    """The volunteer asked the system for no notifications now (do not disturb)."""
    metered: bool | None = None
    """The way out costs by the byte, or the system guesses so."""
    free_memory_mib: int | None = None
    """What can be had without swapping others out."""
    free_disk_mib: int | None = None
    """In the file system of the data folder."""
    watts: Watts | None = None

    def in_use(self, *, away_after_s: float, remote_counts: bool = True) -> bool | None:
        """Whether somebody uses this computer now; None if nothing tells. A locked screen is left at once, however short ago the last input was."""
        if self.remote and remote_counts:
            return True
        if self.locked:
            return False
        return None if self.idle_s is None else self.idle_s < away_after_s


def merged(one: Readings, other: Readings) -> Readings:
    """What two sensors say together: who knows something wins over who does not, and of two who know the one that gives the work less.

    The shorter time since an input, any lock, the fuller screen, the higher load and heat, the smaller space. Sensors may answer in any order.
    """
    return Readings(
        idle_s=_least(one.idle_s, other.idle_s),
        locked=_either(one.locked, other.locked),
        remote=_either(one.remote, other.remote),
        screen=(shown := _fuller(one, other)).screen,
        screen_by=shown.screen_by,
        programs=one.programs if other.programs is None else other.programs if one.programs is None else one.programs | other.programs,
        others_percent=_most(one.others_percent, other.others_percent),
        ours_percent=_most(one.ours_percent, other.ours_percent),
        temperature_c=_most(one.temperature_c, other.temperature_c),
        thermal=max((heat for heat in (one.thermal, other.thermal) if heat is not None), key=_HEAT.__getitem__, default=None),
        saver=_either(one.saver, other.saver),
        quiet=_either(one.quiet, other.quiet),
        metered=_either(one.metered, other.metered),
        free_memory_mib=_least_whole(one.free_memory_mib, other.free_memory_mib),
        free_disk_mib=_least_whole(one.free_disk_mib, other.free_disk_mib),
        watts=_better(one.watts, other.watts),
    )


def _either(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 - two of a kind
    return one or other if one is not None and other is not None else other if one is None else one


def _least(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _least_whole(one: int | None, other: int | None) -> int | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _most(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _fuller(one: Readings, other: Readings) -> Readings:
    def depth(readings: Readings) -> tuple[int, str]:
        return (-1 if readings.screen is None else _SCREENS[readings.screen], readings.screen_by)

    return max(one, other, key=depth)


def _better(one: Watts | None, other: Watts | None) -> Watts | None:
    """The better source; of one source the higher figure."""
    best = {source: -place for place, source in enumerate(Source)}
    return max((power for power in (one, other) if power is not None), key=lambda power: (best[power.source], power.watts), default=None)


_LOAD_STEP: Final = 2.0
_HEAT_STEP_C: Final = 1.0
_MEMORY_STEP_MIB: Final = 128
_DISK_STEP_MIB: Final = 256


def worth_telling(told: Readings, now: Readings, *, away_after_s: float) -> bool:
    """Whether ``now`` differs from ``told`` by more than noise: in anything that is yes or no, in who uses the computer, or by a step of a figure.

    The time since an input changes all the time: only whether it reached ``away_after_s`` counts. Watts are for whoever asks.
    """
    if told.in_use(away_after_s=away_after_s) is not now.in_use(away_after_s=away_after_s):
        return True
    if _still(told) != _still(now):
        return True
    return (
        _moved(told.others_percent, now.others_percent, _LOAD_STEP)
        or _moved(told.ours_percent, now.ours_percent, _LOAD_STEP)
        or _moved(told.temperature_c, now.temperature_c, _HEAT_STEP_C)
        or _moved(told.free_memory_mib, now.free_memory_mib, _MEMORY_STEP_MIB)
        or _moved(told.free_disk_mib, now.free_disk_mib, _DISK_STEP_MIB)
    )


def _still(readings: Readings) -> Readings:
    """What has no figures in it."""
    return replace(readings, idle_s=None, others_percent=None, ours_percent=None, temperature_c=None, free_memory_mib=None, free_disk_mib=None, watts=None)


def _moved(told: float | None, now: float | None, step: float) -> bool:
    if told is None or now is None:
        return told is not now
    return abs(told - now) >= step
