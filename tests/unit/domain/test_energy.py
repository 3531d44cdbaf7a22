"""Watts, kilowatt-hours, money and bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.energy import ANY_CORE_WATTS, Day, Price, core_watts, counted, estimated, month, moved, our_part, steadied, together, used, without_costs
from t4t.domain.readings import Source, Watts

DAYS = st.builds(
    Day,
    day=st.dates().map(lambda date: date.isoformat()),
    joules=st.dictionaries(st.sampled_from([source.value for source in Source]), st.floats(0, 1e9)),
    costs=st.dictionaries(st.sampled_from(["EUR", "CHF"]), st.floats(0, 1e4)),
    received=st.integers(0, 1 << 50),
    sent=st.integers(0, 1 << 50),
)


@pytest.mark.parametrize(
    ("processor", "watts"),
    [
        ("Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz", 3.8),
        ("AMD Ryzen 5 3500U with Radeon Vega Mobile Gfx", 3.8),
        ("AMD Ryzen 5 3600 6-Core Processor", 10.8),
        ("Intel(R) Core(TM) i5-10400 CPU @ 2.90GHz", 10.8),
        ("AMD Ryzen Threadripper 2990WX 32-Core Processor", 7.8),
        ("AMD EPYC 7763 64-Core Processor", 7.5),
        ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", 7.5),
        ("", ANY_CORE_WATTS),
    ],
)
def test_a_core_by_name(processor: str, watts: float) -> None:
    assert core_watts(processor) == watts


def test_the_estimate_is_of_our_cores_and_says_so() -> None:
    assert estimated(ours_percent=25.0, cores=4, processor="?") == Watts(watts=12.0, source=Source.ESTIMATE)


def test_a_counter_that_begins_anew() -> None:
    before, now = {"package-0": (990, 999), "package-1": (5, 999)}, {"package-0": (10, 999), "package-1": (85, 999)}
    assert counted(before, now, 1e-4) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("before", "now", "seconds"),
    [
        ({"p": (0, 9)}, {"p": (1, 9)}, 0.0),
        ({"p": (0, 9)}, {"p": (1, 9)}, 601.0),
        ({}, {}, 1.0),
        ({"p": (0, 9)}, {"q": (1, 9)}, 1.0),
        ({"p": (0, 1 << 60)}, {"p": (1 << 59, 1 << 60)}, 1.0),
    ],
)
def test_readings_that_tell_nothing(before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]], seconds: float) -> None:
    assert counted(before, now, seconds) is None


@given(ours=st.floats(0, 100), others=st.floats(0, 100), watts=st.floats(0, 500), source=st.sampled_from(Source))
def test_our_part_is_a_part(ours: float, others: float, watts: float, source: Source) -> None:
    power = Watts(watts=watts, source=source)
    part = our_part(power, ours_percent=ours, others_percent=others)
    assert part is not None
    assert part.source is source
    assert 0.0 <= part.watts <= watts * (1 + 1e-9)


def test_an_estimate_is_ours_and_a_meter_needs_to_know_who_works() -> None:
    meter, estimate = Watts(watts=30.0, source=Source.RAPL), Watts(watts=9.0, source=Source.ESTIMATE)
    assert our_part(estimate, ours_percent=None, others_percent=None) is estimate
    assert our_part(meter, ours_percent=None, others_percent=3.0) is None
    assert our_part(meter, ours_percent=3.0, others_percent=None) is None
    assert our_part(meter, ours_percent=0.0, others_percent=0.0) == Watts(watts=0.0, source=Source.RAPL)
    assert our_part(meter, ours_percent=30.0, others_percent=10.0) == Watts(watts=22.5, source=Source.RAPL)


def test_a_kilowatt_hour_costs_its_price() -> None:
    day = Day(day="2026-11-23")
    for _ in range(60):
        day = used(day, Watts(watts=1000.0, source=Source.RAPL), 60.0, price=Price(per_kwh=0.3, currency="EUR"))
    assert day.kwh == pytest.approx(1.0)
    assert day.costs == {"EUR": pytest.approx(0.3)}
    day = used(day, Watts(watts=1000.0, source=Source.RAPL), 36.0, price=Price(per_kwh=100.0, currency="CHF"))
    assert day.costs == {"EUR": pytest.approx(0.3), "CHF": pytest.approx(1.0)}, "another currency is another sum"
    assert used(day, Watts(watts=1000.0, source=Source.RAPL), 36.0).costs == day.costs
    assert without_costs(day) == Day(day=day.day, joules=day.joules)
    assert not day.estimated
    assert used(day, Watts(watts=1.0, source=Source.ESTIMATE), 1.0).estimated


@given(day=DAYS, watts=st.floats(allow_nan=False), seconds=st.floats(allow_nan=False), price=st.floats(0, 10), source=st.sampled_from(Source))
def test_a_day_never_shrinks_and_no_gap_is_counted(day: Day, watts: float, seconds: float, price: float, source: Source) -> None:
    after = used(day, Watts(watts=watts, source=source), seconds, price=Price(per_kwh=price, currency="EUR"))
    assert after.kwh >= day.kwh
    assert sum(after.costs.values()) >= sum(day.costs.values())
    if not 0 < seconds <= 600:
        assert after is day


@given(days=st.lists(DAYS, max_size=5))
def test_days_add_up(days: list[Day]) -> None:
    whole = together(days)
    assert whole.kwh == pytest.approx(sum(day.kwh for day in days))
    assert (whole.received, whole.sent) == (sum(day.received for day in days), sum(day.sent for day in days))
    assert sum(whole.costs.values()) == pytest.approx(sum(sum(day.costs.values()) for day in days))


_WATTS = st.none() | st.builds(Watts, watts=st.floats(0, 1000), source=st.sampled_from(Source))


@given(looks=st.lists(_WATTS, max_size=30))
def test_what_is_shown_is_nearly_true_and_changes_seldom(looks: list[Watts | None]) -> None:
    shown: Watts | None = None
    for now in looks:
        before, shown = shown, steadied(shown, now)
        assert shown in {before, now}
        assert (shown is None) == (now is None)
        if shown is not None and now is not None:
            assert shown.source is now.source
            assert abs(shown.watts - now.watts) <= max(1.0, 0.2 * shown.watts)
            if before is not None and before.source is now.source and abs(before.watts - now.watts) <= 1.0:
                assert shown == before


def test_bytes_of_a_month() -> None:
    days = [moved(Day(day=name), received=10, sent=1) for name in ("2026-10-31", "2026-11-01", "2026-11-30")]
    assert month([moved(day, received=-5) for day in days], "2026-11") == Day(day="2026-11", received=20, sent=2)
