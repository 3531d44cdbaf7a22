"""What this computer's sensors say besides the events of `t4t.domain.host_events`: who uses it, how busy, how hot, on which power it is. Values only."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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


class Source(enum.Enum):
    """Where a figure of power comes from, the best first."""

    RAPL = "rapl"
    """The processor's own meter: the packages, without screen, disks and power supply."""
    BATTERY = "battery"
    """The discharge of the battery: the whole computer."""
    ESTIMATE = "estimate"
    """No meter: the processor time of our VMs, times the watts of a core from a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watts:
    """Power now. A meter tells that of the whole computer or processor, whoever uses it; an estimate that of our VMs alone."""

    watts: float
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All that the sensors said last; None is not known here or now, and must hold nothing back.

    How old a value may be when it is read, while work runs / while nothing runs: the user's input, lock, remote session and screen 1 s / 15 s, where the
    system tells of changes by itself at once; listed programs and the load of others 5 s / 30 s; temperature, memory and disk 15 s / 60 s; power saver and
    metered network at once where the system tells, else 30 s; watts 60 s. The source of power and the battery's charge are no readings:
    `t4t.domain.host_events.PowerChanged` brings them.
    """

    idle_s: float | None = None
    """Seconds since the last input of whoever sits at this computer. It grows by itself: compare it when it is read, with what was read."""
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
    temperature_c: float | None = None
    """The hottest of the processor's sensors."""
    thermal: Thermal | None = None
    saver: bool | None = None
    """The volunteer, or the system by itself, chose to save power."""
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
