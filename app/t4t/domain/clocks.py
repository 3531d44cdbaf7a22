"""Three clocks compared: sleep, jumps of the wall clock and changes of local time; pure, the caller brings the readings.

``awake`` stands still while the computer sleeps, ``elapsed`` does not, and nobody can set either; ``wall`` can be set. Elapsed beyond awake is sleep; wall
beyond elapsed is a jump. Where a system has no clock that stands still, both are the same and sleep is known only when it is announced.
"""

from __future__ import annotations

import dataclasses
from typing import Final, TypeAlias

from t4t.domain.host_events import ClockJumped, Woke, ZoneChanged
from t4t.domain.record import record

SLEPT_S: Final = 2.0
"""Less is no sleep: the two clocks are not read in the same instant."""
JUMPED_S: Final = 5.0
"""Less is a clock that is being disciplined, or the readings' own distance."""


@record(kw_only=True)
class Reading:
    """The clocks, read together; seconds. ``offset_s`` is local time's distance east of UTC."""

    awake_s: float
    elapsed_s: float
    wall_s: float
    offset_s: int = 0


@record(kw_only=True)
class ClockWatch:
    """What is known of the clocks; begin with the first reading."""

    last: Reading
    drift_s: float = 0.0
    """By how much the wall clock ran away since the last jump that was told; a slow drift adds up to one in the end."""
    asleep: bool = False
    """Sleep was announced, and waking was not told yet."""


ClockEvent: TypeAlias = Woke | ClockJumped | ZoneChanged


def announce_sleep(watch: ClockWatch, now: Reading) -> tuple[ClockWatch, list[ClockEvent]]:
    """The system said that it will sleep; whatever the clocks did before is told now, so that the sleep itself is measured alone."""
    watch, events = look(watch, now)
    return dataclasses.replace(watch, asleep=True), events


def announce_waking(watch: ClockWatch, now: Reading) -> tuple[ClockWatch, list[ClockEvent]]:
    """The system said that it woke. It may say so twice, and the clocks may have told it first: then there is nothing to tell."""
    announced = watch.asleep
    watch, events = look(watch, now)
    if announced and not any(isinstance(event, Woke) for event in events):
        # It slept too short to be measured, or no clock stands still on this system, or the sleep was refused at the last moment.
        events.insert(0, Woke(slept_s=0.0))
    return dataclasses.replace(watch, asleep=False), events


def look(watch: ClockWatch, now: Reading) -> tuple[ClockWatch, list[ClockEvent]]:
    """A look at any time: sleep first, then a jump, then the zone."""
    events: list[ClockEvent] = []
    awake = now.awake_s - watch.last.awake_s
    elapsed = now.elapsed_s - watch.last.elapsed_s
    slept = elapsed - awake
    asleep = watch.asleep
    if slept >= SLEPT_S:
        events.append(Woke(slept_s=slept))
        asleep = False
    drift = watch.drift_s + (now.wall_s - watch.last.wall_s) - elapsed
    if abs(drift) >= JUMPED_S:
        events.append(ClockJumped(seconds=drift))
        drift = 0.0
    if now.offset_s != watch.last.offset_s:
        events.append(ZoneChanged(offset_s=now.offset_s))
    return ClockWatch(last=now, drift_s=drift, asleep=asleep), events
