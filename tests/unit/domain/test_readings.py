"""What the sensors' values say together, and which changes are worth a word."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.readings import Readings, Screen, Source, Thermal, Watts, merged, worth_telling

FLAGS = st.none() | st.booleans()
FIGURES = st.none() | st.floats(0, 100)
READINGS = st.builds(
    Readings,
    idle_s=FIGURES,
    locked=FLAGS,
    remote=FLAGS,
    screen=st.none() | st.sampled_from(Screen),
    screen_by=st.sampled_from(["", "mpv", "chess"]),
    programs=st.none() | st.frozensets(st.sampled_from(["a", "b"])),
    others_percent=FIGURES,
    ours_percent=FIGURES,
    temperature_c=FIGURES,
    thermal=st.none() | st.sampled_from(Thermal),
    saver=FLAGS,
    quiet=FLAGS,
    metered=FLAGS,
    free_memory_mib=st.none() | st.integers(0, 9999),
    free_disk_mib=st.none() | st.integers(0, 9999),
    watts=st.none() | st.builds(Watts, watts=st.floats(0, 300), source=st.sampled_from(Source)),
)


@pytest.mark.parametrize(
    ("readings", "used"),
    [
        (Readings(), None),
        (Readings(locked=False), None),
        (Readings(idle_s=299.9), True),
        (Readings(idle_s=300.0), False),
        (Readings(idle_s=0.0, locked=True), False),
        (Readings(idle_s=4000.0, locked=True, remote=True), True),
        (Readings(idle_s=4000.0, remote=False), False),
    ],
)
def test_somebody_uses_it(readings: Readings, *, used: bool | None) -> None:
    assert readings.in_use(away_after_s=300.0) is used


def test_a_remote_user_may_be_told_not_to_count() -> None:
    assert Readings(remote=True).in_use(away_after_s=300.0, remote_counts=False) is None
    assert Readings(remote=True, idle_s=1.0).in_use(away_after_s=300.0, remote_counts=False) is True


@given(one=READINGS, other=READINGS, third=READINGS)
def test_sensors_may_answer_in_any_order_and_twice(one: Readings, other: Readings, third: Readings) -> None:
    assert merged(one, other) == merged(other, one)
    assert merged(merged(one, other), third) == merged(one, merged(other, third))
    assert merged(one, one) == one
    assert dataclasses.replace(merged(one, Readings()), screen_by="") == dataclasses.replace(one, screen_by="")


def test_who_knows_wins_and_then_the_one_that_gives_less() -> None:
    one = Readings(idle_s=3.0, locked=False, screen=Screen.GAME, screen_by="chess", free_memory_mib=100, watts=Watts(watts=9, source=Source.ESTIMATE))
    other = Readings(idle_s=5.0, locked=True, screen=Screen.NOTHING, free_memory_mib=90, temperature_c=70.0, watts=Watts(watts=4, source=Source.BATTERY))
    assert merged(one, other) == Readings(
        idle_s=3.0,
        locked=True,
        screen=Screen.GAME,
        screen_by="chess",
        free_memory_mib=90,
        temperature_c=70.0,
        watts=Watts(watts=4, source=Source.BATTERY),
    )


@given(readings=READINGS, away=st.floats(1, 100))
def test_what_did_not_change_is_not_told(readings: Readings, away: float) -> None:
    assert not worth_telling(readings, readings, away_after_s=away)


@pytest.mark.parametrize(
    ("told", "now", "worth"),
    [
        (Readings(idle_s=10.0), Readings(idle_s=200.0), False),
        (Readings(idle_s=10.0), Readings(idle_s=301.0), True),
        (Readings(others_percent=10.0), Readings(others_percent=11.9), False),
        (Readings(others_percent=10.0), Readings(others_percent=12.0), True),
        (Readings(others_percent=10.0), Readings(), True),
        (Readings(temperature_c=60.0), Readings(temperature_c=60.9), False),
        (Readings(temperature_c=60.0), Readings(temperature_c=59.0), True),
        (Readings(free_memory_mib=1000), Readings(free_memory_mib=873), False),
        (Readings(free_memory_mib=1000), Readings(free_memory_mib=872), True),
        (Readings(free_disk_mib=1000), Readings(free_disk_mib=744), True),
        (Readings(ours_percent=10.0), Readings(ours_percent=50.0), True),
        (Readings(screen=Screen.NOTHING), Readings(screen=Screen.FULL_SCREEN), True),
        (Readings(watts=None), Readings(watts=Watts(watts=1, source=Source.RAPL)), False),
    ],
)
def test_a_step_is_told_and_noise_is_not(told: Readings, now: Readings, *, worth: bool) -> None:
    assert worth_telling(told, now, away_after_s=300.0) is worth
