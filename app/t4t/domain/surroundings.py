"""What is known of the computer under us from its events, and what of them is worth a line of the history: pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from t4t.domain.host_events import (
    AboutToSleep,
    Charge,
    DiskChanged,
    DiskState,
    NetworkChanged,
    PowerChanged,
    ProgramReplaced,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
    ZoneChanged,
)
from t4t.domain.record import record

if TYPE_CHECKING:
    from t4t.domain.host_events import HostEvent, Power


@record(kw_only=True)
class Surroundings:
    """As the last events said; before the first ones a computer on mains, in use, with all it needs."""

    ending: bool = False
    asleep: bool = False
    """Sleep was announced and waking was not."""
    power: Power | None = None
    disk: DiskState = DiskState.FINE

    @property
    def charge(self) -> Charge:
        """How urgent the battery's state is."""
        return Charge.FINE if self.power is None else self.power.charge


def after(known: Surroundings, event: HostEvent) -> Surroundings:
    """What is known once ``event`` is."""
    match event:
        case SessionEnding():
            return dataclasses.replace(known, ending=True)
        case SessionEndCancelled():
            return dataclasses.replace(known, ending=False)
        case AboutToSleep():
            return dataclasses.replace(known, asleep=True)
        case Woke():
            return dataclasses.replace(known, asleep=False)
        case PowerChanged():
            return dataclasses.replace(known, power=event.power)
        case DiskChanged():
            return dataclasses.replace(known, disk=event.state)
        case _:
            return known


def line(known: Surroundings, event: HostEvent) -> tuple[str, str] | None:
    """What the history says of ``event``, with its data, if anything; ``known`` is what was known before it.

    A clock that was set has a line of its own, whoever notices it first.
    """
    match event:
        case SessionEnding():
            return "session_ends", event.ending.value
        case SessionEndCancelled():
            return "session_goes_on", ""
        case AboutToSleep():
            return "falls_asleep", ""
        case Woke():
            return "computer_slept", f"{event.slept_s:.0f}"
        case ZoneChanged():
            return "zone_changed", f"{event.offset_s}"
        case _:
            return _of_things(known, event)


def _of_things(known: Surroundings, event: HostEvent) -> tuple[str, str] | None:
    match event:
        case UserAway():
            return "user_away", ""
        case UserBack():
            return "user_back", ""
        case PowerChanged():
            return _of_power(known.power, event.power)
        case NetworkChanged():
            return ("network_changed", "") if event.online else ("network_lost", "")
        case DiskChanged():
            return f"disk_{event.state.value}", f"{event.free_mib}"
        case ProgramReplaced():
            return ("program_replaced" if event.present else "program_gone"), " ".join(event.path.splitlines())
        case _:
            return None


def _of_power(before: Power | None, now: Power) -> tuple[str, str] | None:
    """Another source or another urgency; a charge that moves is none."""
    percent = "" if now.percent is None else f"{now.percent:.0f}"
    if now.charge is not Charge.FINE:
        return None if before is not None and before.charge is now.charge else (f"battery_{now.charge.value}", percent)
    on_battery = before is not None and before.on_battery
    if now.on_battery == on_battery:
        return None
    return ("on_battery" if now.on_battery else "on_mains"), percent
