"""Whether the guest still lives: a file of its must change; pure, the caller brings running time and the file's fingerprint.

The rule is vboxwrapper's: with an interval I the file is looked at after each I/3 of running time, the first look always passes, and three looks in a
row that find it unchanged or missing mean that the guest is lost. Time in which the VM did not run does not count, and neither do jumps of a clock:
however much time seems to have passed between two observations, they are one look.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import Final

from t4t.domain.record import record

LOOKS_PER_INTERVAL: Final = 3
MISSES_UNTIL_LOST: Final = 3
DEFAULT_INTERVAL_S: Final = 600.0


@record(kw_only=True)
class Fingerprint:
    """What tells one content of the heartbeat file from another; a changed time alone is a sign of life (guests ``touch`` the file)."""

    mtime_ns: int
    size: int
    digest: str = ""


class Pulse(enum.Enum):
    """What the looks so far say."""

    BEATING = "beating"
    LATE = "late"
    """One or two looks in a row found nothing new."""
    LOST = "lost"


@record(kw_only=True)
class Heartbeat:
    """The monitor's state; make it with `begin`, go on with `observe`. All times are seconds of the VM's running time."""

    interval_s: float
    last_look_s: float
    last_change_s: float
    running_s: float
    seen: Fingerprint | None = None
    looks: int = 0
    misses: int = 0
    fresh: bool = False
    """The file has changed since the last look."""

    @property
    def pulse(self) -> Pulse:
        """The verdict."""
        if self.misses >= MISSES_UNTIL_LOST:
            return Pulse.LOST
        return Pulse.LATE if self.misses else Pulse.BEATING

    @property
    def silent_s(self) -> float:
        """Running time since the last sign of life."""
        return self.running_s - self.last_change_s

    @property
    def next_look_in_s(self) -> float:
        """Running time until the next look is due; never negative."""
        return max(0.0, self.last_look_s + self.interval_s / LOOKS_PER_INTERVAL - self.running_s)


def begin(*, interval_s: float = DEFAULT_INTERVAL_S, running_s: float) -> Heartbeat:
    """A fresh monitor; also to be called when the VM was booted or restored, for the guest starts to write anew. Raises ValueError for bad numbers."""
    if not (math.isfinite(interval_s) and interval_s > 0):
        raise ValueError(f"not an interval: {interval_s}")
    if not math.isfinite(running_s):
        raise ValueError(f"not a running time: {running_s}")
    return Heartbeat(interval_s=interval_s, last_look_s=running_s, last_change_s=running_s, running_s=running_s)


def observe(state: Heartbeat, *, running_s: float, fingerprint: Fingerprint | None) -> Heartbeat:
    """The state after an observation; ``fingerprint`` is None when the file is missing. May be called as often as convenient.

    A change is a sign of life at once, also between two looks.
    """
    if not math.isfinite(running_s):
        running_s = state.running_s
    if running_s < state.running_s:
        # The counter began anew: keep the distance to the last look and to the last change.
        back = state.running_s - running_s
        state = dataclasses.replace(state, last_look_s=state.last_look_s - back, last_change_s=state.last_change_s - back)
    state = dataclasses.replace(state, running_s=running_s)
    if fingerprint is not None and fingerprint != state.seen:
        state = dataclasses.replace(state, seen=fingerprint, misses=0, fresh=True, last_change_s=running_s)
    if state.next_look_in_s > 0:
        return state
    passes = state.fresh or state.looks == 0
    return dataclasses.replace(
        state,
        last_look_s=running_s,
        looks=min(state.looks + 1, 1 + MISSES_UNTIL_LOST),
        misses=0 if passes else min(state.misses + 1, MISSES_UNTIL_LOST),
        fresh=False,
    )
