"""What the work costs in words: electricity and data, and that the computer stays awake for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.wording.language import gettext
from t4t.wording.numbers import decimal
from t4t.wording.screen import plain

if TYPE_CHECKING:
    from t4t.domain.energy import Day, Spent
    from t4t.domain.session import SessionView

_MIB: Final = 1024.0 * 1024.0
_MUCH: Final = 1e9
_LITTLE: Final = 0.1
"""Kilowatt-hours below which two digits of them say nothing."""
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
    text = gettext("{kwh} kWh").format(kwh=decimal(day.kwh, 2)) if day.kwh >= _LITTLE else gettext("{wh} Wh").format(wh=decimal(day.kwh * 1000, 2))
    return gettext("about {energy}").format(energy=text) if day.estimated else text


def money(day: Day) -> str:
    """What that cost; empty where no price is known."""
    return " + ".join(f"{decimal(cost, 2)} {plain(currency, _LONGEST)}".strip() for currency, cost in sorted(day.costs.items()) if 0 <= cost < _MUCH)


def energy_and_money(day: Day) -> str:
    """Both in short."""
    return " · ".join(part for part in (energy(day), money(day)) if part)


def data(day: Day) -> str:
    """Files of projects."""
    shape = gettext("{received} MB received, {sent} MB sent")
    return shape.format(received=decimal(day.received / _MIB, 1), sent=decimal(day.sent / _MIB, 1))


def in_short(spent: Spent) -> str:
    """Today and this month in one line."""
    return gettext("Electricity: {today} today, {month} this month").format(today=energy_and_money(spent.day), month=energy_and_money(spent.month))


def how_known(day: Day) -> str:
    """Where the figures are from; empty without any."""
    if not day.joules:
        return gettext("Nothing has been counted yet.")
    if day.estimated:
        return gettext("“About”: this computer has no meter that may be read, so it is the work’s processor time, times what a table says of the processor.")
    return gettext("Measured: the work’s part of what the meters of processor or battery say.")
