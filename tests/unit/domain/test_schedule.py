"""The weekly schedule by the clock on the wall: in many zones, over the days on which clocks are changed."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.schedule import changes_at, covers, is_cheap, minute_of, planned
from t4t.domain.settings.tree import Day, Hours, Response, Span, When

ZONES = (
    "Europe/Zurich",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Chisinau",
    "Atlantic/Azores",
    "America/New_York",
    "America/St_Johns",
    "America/Los_Angeles",
    "America/Havana",
    "America/Santiago",
    "America/Asuncion",
    "America/Sao_Paulo",
    "America/Nuuk",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Tehran",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Antarctica/Troll",
    "UTC",
)
"""Among them hours that are added at midnight, half hours (Lord Howe), two hours (Troll), and zones with quarters of an hour."""
assert len(ZONES) >= 20
_BEGIN = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp())
_YEARS_S = 4 * 365 * 86_400
many = settings(max_examples=300, deadline=None)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(name: str, at: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at, _zone(name))


def _offset(name: str, at: float) -> float:
    offset = _local(name, at).utcoffset()
    assert offset is not None
    return offset.total_seconds()


_TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
_DAYS = st.lists(st.sampled_from(Day), min_size=1, max_size=7, unique=True).map(tuple)
_HOURS = st.builds(Hours, days=_DAYS, start=_TIMES, end=_TIMES | st.just("24:00"))
_SPANS = st.builds(Span, days=_DAYS, start=_TIMES, end=_TIMES | st.just("24:00"), does=st.sampled_from(Response))
_MOMENTS = st.integers(_BEGIN, _BEGIN + _YEARS_S).map(float)


def _by_the_calendar(hours: Hours, local: dt.datetime) -> bool:
    """The same question, asked of the calendar."""
    days = [list(Day).index(day) for day in hours.days]
    minute = local.hour * 60 + local.minute
    start, end = minute_of(hours.start), minute_of(hours.end)
    if start < end:
        return local.weekday() in days and start <= minute < end
    return (local.weekday() in days and minute >= start) or ((local.weekday() - 1) % 7 in days and minute < end)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=40, deadline=None)
@given(hours=_HOURS, at=_MOMENTS)
def test_a_span_is_what_the_clock_on_the_wall_shows(zone: str, hours: Hours, at: float) -> None:
    assert covers(hours, at + _offset(zone, at)) is _by_the_calendar(hours, _local(zone, at))


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=25, deadline=None)
@given(spans=st.lists(_SPANS, max_size=4).map(tuple), otherwise=st.sampled_from(Response), at=_MOMENTS, probes=st.lists(st.floats(0, 1), max_size=6))
def test_the_next_change_is_the_next_one(zone: str, spans: tuple[Span, ...], otherwise: Response, at: float, probes: list[float]) -> None:
    """Until then it says the same all the time, and then another thing."""
    when = When(schedule=True, spans=spans, otherwise=otherwise)

    def says(moment: float) -> Response:
        return planned(when, moment + _offset(zone, moment))

    change = changes_at(spans, lambda local: planned(when, local), at, lambda moment: _offset(zone, moment))
    last = at + 7.9 * 86_400 if change is None else change
    assert last > at
    assert all(says(min(at + (last - at) * share, last - 1e-3)) is says(at) for share in probes)
    if change is not None:
        assert says(change) is not says(at)


def _changes_of_clocks(zone: str) -> list[float]:
    """The moments of four years at which the clock on the wall is changed, found hour by hour."""
    hours = range(_BEGIN, _BEGIN + _YEARS_S, 3600)
    return [float(hour + 3600) for hour in hours if _offset(zone, hour) != _offset(zone, hour + 3600)]


@pytest.mark.parametrize("zone", ["Europe/Zurich", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "Antarctica/Troll"])
def test_around_each_change_of_clocks_every_change_of_the_schedule_is_found(zone: str) -> None:
    """Two o'clock to three is what is skipped, or comes twice; the moments are found by looking at each minute."""
    when = When(spans=(Span(start="02:00", end="03:00"), Span(days=(Day.SUNDAY,), start="23:30", end="00:30", does=Response.GENTLE)))
    for middle in _changes_of_clocks(zone)[:4]:
        minutes = [middle + 60.0 * minute for minute in range(-20 * 60, 20 * 60)]
        said = [planned(when, minute + _offset(zone, minute)) for minute in minutes]
        expected = [minutes[index] for index in range(1, len(said)) if said[index] is not said[index - 1]]
        found, at = [], minutes[0]
        while (change := changes_at(when.spans, lambda local: planned(when, local), at, lambda moment: _offset(zone, moment))) is not None:
            if change > minutes[-1]:
                break
            found.append(change)
            at = change
        assert found == expected


def test_a_skipped_hour_does_not_happen_and_a_repeated_one_happens_twice() -> None:
    night = Span(start="02:00", end="03:00")
    day_of = {
        change: dt.datetime(*day, tzinfo=_zone("Europe/Zurich")).timestamp() for change, day in {"spring": (2026, 3, 29), "autumn": (2026, 10, 25)}.items()
    }
    minutes = {
        change: sum(covers(night, at + _offset("Europe/Zurich", at)) for at in (begin + 60.0 * minute for minute in range(8 * 60)))
        for change, begin in day_of.items()
    }
    assert minutes == {"spring": 0, "autumn": 120}


def test_cheap_hours_and_the_first_span_that_covers() -> None:
    when = When(
        cheap_hours=(Hours(start="22:00", end="06:00"),),
        spans=(Span(days=(Day.THURSDAY,), start="09:00", end="17:00", does=Response.GENTLE), Span(start="00:00", end="24:00", does=Response.PAUSE)),
    )
    thursday = 0.0  # the first of January 1970
    assert [is_cheap(when, thursday + hour * 3600.0) for hour in (0, 5.99, 6, 21.99, 22)] == [True, True, False, False, True]
    assert planned(when, thursday + 10 * 3600) is Response.GENTLE
    assert planned(when, thursday + 34 * 3600) is Response.PAUSE
    assert planned(When(otherwise=Response.ONE_CORE), thursday) is Response.ONE_CORE


@many
@given(at=_MOMENTS)
def test_without_spans_nothing_changes(at: float) -> None:
    assert changes_at((), lambda local: planned(When(), local), at, lambda _moment: 3600.0) is None
