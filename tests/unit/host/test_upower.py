"""UPower's properties as a value."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.host_events import Charge, Power, power_changed

if sys.platform != "linux":
    pytest.skip("the library of the bus is installed on Linux only", allow_module_level=True)

from t4t.host.session_end.upower import power_of

unhurried = settings(deadline=None)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(0, 100) | st.just("much")
PROPERTIES = st.dictionaries(st.sampled_from(["OnBattery", "Percentage", "WarningLevel", "IsPresent", "State"]), VALUES)


@unhurried
@given(service=PROPERTIES, battery=PROPERTIES)
def test_any_properties_give_a_value(service: dict[str, object], battery: dict[str, object]) -> None:
    power = power_of(service, battery)
    assert power_changed(None, power)
    if not power.on_battery:
        assert power.charge is Charge.FINE


@pytest.mark.parametrize(
    ("level", "percent", "charge"),
    [
        (1, 4.0, Charge.FINE),
        (2, 4.0, Charge.FINE),
        (3, 50.0, Charge.LOW),
        (4, 50.0, Charge.CRITICAL),
        (5, 50.0, Charge.CRITICAL),
        (0, 4.0, Charge.CRITICAL),
        (9, 8.0, Charge.LOW),
    ],
)
def test_its_own_word_counts_before_the_charge(level: int, percent: float, charge: Charge) -> None:
    battery = {"IsPresent": True, "Percentage": percent, "WarningLevel": level}
    assert power_of({"OnBattery": True}, battery) == Power(on_battery=True, percent=percent, charge=charge)
    assert power_of({"OnBattery": False}, battery) == Power(percent=percent)
