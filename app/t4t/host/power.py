"""The battery, as psutil reads it on all systems; for where nothing tells us of changes."""

from __future__ import annotations

import psutil

from t4t.domain.host_events import Power, charge_of


def look() -> Power | None:
    """The source of power now; None where there is no battery, or none that can be read."""
    sensors = getattr(psutil, "sensors_battery", None)  # psutil leaves it out where the system has no such thing
    try:
        battery = sensors() if sensors is not None else None
    except (OSError, ValueError, psutil.Error):  # a battery that is just being taken out
        return None
    if battery is None:
        return None
    on_battery = battery.power_plugged is False
    percent = float(battery.percent)
    return Power(on_battery=on_battery, percent=percent, charge=charge_of(on_battery=on_battery, percent=percent))
