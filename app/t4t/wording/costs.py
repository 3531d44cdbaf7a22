"""What the work costs in words: electricity and data, and that the computer stays awake for it."""

from __future__ import annotations

from gettext import gettext
from typing import TYPE_CHECKING, Final

from t4t.domain.readings import Source
from t4t.wording.screen import plain

if TYPE_CHECKING:
    from t4t.domain.energy import Day, Spent
    from t4t.domain.readings import Watts
    from t4t.domain.session import SessionView

_MIB: Final = 1024.0 * 1024.0
_MUCH: Final = 1e9
_LITTLE: Final = 0.1
"""Kilowatt-hours below which two digits of them say nothing."""
_A_WATT: Final = 0.5
_LONGEST: Final = 12


def staying_awake() -> str:
    """What a system shows of our asking it not to fall asleep."""
    return gettext("Test4Theory is computing")


def kept_awake(view: SessionView) -> str:
    """Whether the computer is kept awake; empty where that is not asked for."""
    if view.kept_awake is None:
        return ""
    if view.kept_awake:
        return gettext("The computer is kept awake while the work runs.")
    return gettext("The computer can’t be kept awake from here: nothing on it takes that request. It sleeps when its own settings say so.")


def energy(day: Day) -> str:
    """Kilowatt-hours, and how they are known."""
    if not 0 < day.kwh < _MUCH:
        return "–"
    text = gettext("{kwh} kWh").format(kwh=f"{day.kwh:.2f}") if day.kwh >= _LITTLE else gettext("{wh} Wh").format(wh=f"{day.kwh * 1000:.2f}")
    return gettext("about {energy}").format(energy=text) if day.estimated else text


def money(day: Day) -> str:
    """What that cost; empty where no price is known."""
    return " + ".join(f"{cost:.2f} {plain(currency, _LONGEST)}".strip() for currency, cost in sorted(day.costs.items()) if 0 <= cost < _MUCH)


def energy_and_money(day: Day) -> str:
    """Both in short."""
    return " · ".join(part for part in (energy(day), money(day)) if part)


def data(day: Day) -> str:
    """Files of projects."""
    shape = gettext("{received} MB received, {sent} MB sent")
    return shape.format(received=f"{day.received / _MIB:.1f}", sent=f"{day.sent / _MIB:.1f}")


def power(watts: Watts | None) -> str:
    """What the work takes now, and how that is known; empty where it is not."""
    if watts is None or not 0 <= watts.watts < _MUCH:
        return ""
    text = gettext("{watts:.0f} W").format(watts=watts.watts) if watts.watts >= _A_WATT else gettext("less than 1 W")
    return gettext("about {energy}").format(energy=text) if watts.source is Source.ESTIMATE and watts.watts >= _A_WATT else text


def in_short(spent: Spent) -> str:
    """Today and this month in one line, and what it takes now."""
    text = gettext("Electricity: {today} today, {month} this month").format(today=energy_and_money(spent.day), month=energy_and_money(spent.month))
    now = power(spent.power)
    return gettext("{text}, {watts} now").format(text=text, watts=now) if now else text


def today(spent: Spent) -> str:
    """The day in one line for who is short of room; empty while nothing was counted."""
    parts = [energy_and_money(spent.day)] if spent.day.kwh > 0 else []
    if now := power(spent.power):
        parts.append(gettext("{watts} now").format(watts=now))
    return gettext("Electricity today: {facts}").format(facts=" · ".join(parts)) if parts else ""


def proofs(view: SessionView | None) -> dict[str, str]:
    """What was measured, by the setting that limits it; empty where nothing is known yet."""
    used = [] if view is None else [task.measured_percent for task in view.tasks if task.measured_percent is not None and 0 <= task.measured_percent < _MUCH]
    spent = None if view is None else view.spent
    return {
        "resources.cap_percent": gettext("now measured: {percent:.0f}\N{NO-BREAK SPACE}%").format(percent=sum(used) / len(used)) if used else "",
        "transfers.data_gib": "" if spent is None else gettext("this month: {data}").format(data=data(spent.month)),
    }


def facts(spent: Spent) -> tuple[tuple[str, str], ...]:
    """What it costs, by name and value."""
    rows = (
        (gettext("Now"), power(spent.power)),
        (gettext("Today"), energy_and_money(spent.day)),
        (gettext("This month"), energy_and_money(spent.month)),
        (gettext("Files this month"), data(spent.month)),
    )
    return tuple((name, value) for name, value in rows if value)


def how_known(day: Day) -> str:
    """Where the figures are from; empty without any."""
    if not day.joules:
        return gettext("Nothing has been counted yet.")
    if day.estimated:
        return gettext("“About”: this computer has no meter that may be read, so it is the work’s processor time, times what a table says of the processor.")
    return gettext("Measured: the work’s part of what the meters of processor or battery say.")
