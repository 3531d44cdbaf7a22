"""Days become weeks, months and sums: nothing is lost on the way, nothing counts twice, and no change of any clock moves it."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as some

from t4t.domain.contribution import (
    SHOWN,
    Contribution,
    Span,
    WorkDay,
    as_csv,
    begin_of,
    credit_days,
    date_of,
    day_of,
    done,
    end_of,
    series,
    team_days,
    with_energy,
)
from t4t.domain.credit import CreditDay, TeamDay
from t4t.domain.energy import Day

DATES = some.dates(date(2020, 1, 1), date(2032, 12, 31))
SPANS = some.sampled_from(Span)


@given(at=some.floats(0, 4e9), zone=some.sampled_from(("Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")))
def test_a_day_is_the_one_on_the_clock_on_the_wall(at: float, zone: str) -> None:
    then = datetime.fromtimestamp(at, ZoneInfo(zone))
    offset = then.utcoffset()
    assert offset is not None
    assert day_of(at, offset.total_seconds()) == then.date().isoformat()


def test_the_days_on_which_the_clock_is_changed_have_23_and_25_hours() -> None:
    zone = ZoneInfo("Europe/Zurich")
    hours: dict[str, int] = {}
    at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    for _ in range(24 * 365):
        offset = datetime.fromtimestamp(at, zone).utcoffset()
        assert offset is not None
        name = day_of(at, offset.total_seconds())
        hours[name] = hours.get(name, 0) + 1
        at += 3600.0
    assert {name: count for name, count in hours.items() if count != 24} == {"2026-03-29": 23, "2026-10-25": 25, "2026-01-01": 23, "2027-01-01": 1}


@given(day=DATES, span=SPANS)
def test_each_day_is_in_one_span(day: date, span: Span) -> None:
    first = begin_of(day, span)
    last = end_of(first, span)
    assert first <= day <= last
    assert begin_of(last, span) == first
    assert begin_of(last + timedelta(days=1), span) == last + timedelta(days=1)
    assert {Span.DAY: first == day, Span.WEEK: first.isoweekday() == 1, Span.MONTH: first.day == 1, Span.ALL: first == day}[span]


@given(
    since=DATES,
    length=some.integers(0, 800),
    span=SPANS,
    work=some.dictionaries(some.integers(-5, 805), some.integers(0, 1000), max_size=40),
)
def test_bars_have_no_gap_and_lose_nothing(since: date, length: int, span: Span, work: dict[int, int]) -> None:
    today = since + timedelta(days=length)
    values = {since + timedelta(days=number): float(value) for number, value in work.items()}
    bars = series(values, span, since=since, today=today)
    assert 1 <= len(bars) <= SHOWN[span]
    assert bars[-1].last == today
    for before, after in itertools.pairwise(bars):
        assert after.first == before.last + timedelta(days=1)
    shown_since = bars[0].first
    if span is Span.ALL:
        assert bars[-1].value == sum(values.values())
        assert all(before.value <= after.value for before, after in itertools.pairwise(bars))
    else:
        begun = begin_of(min((since, *values)), span)
        if begin_of(shown_since, span) == begun:
            assert sum(bar.value for bar in bars) == sum(values.values())  # what a clock set back put into the future is today's
        for bar in bars[:-1]:
            assert bar.value == sum(value for day, value in values.items() if bar.first <= day <= bar.last)


def test_a_clock_that_was_wrong_by_centuries_makes_no_endless_chart() -> None:
    today = date(2026, 11, 23)
    bars = series({date(1970, 1, 1): 3.0, date(2400, 1, 1): 4.0}, Span.ALL, since=date(1970, 1, 1), today=today)
    assert len(bars) == SHOWN[Span.ALL]
    assert bars[-1].value == 7.0


def test_the_last_month_of_a_year_ends_with_it() -> None:
    assert end_of(date(2026, 12, 1), Span.MONTH) == date(2026, 12, 31)
    assert end_of(date(2028, 2, 1), Span.MONTH) == date(2028, 2, 29)


def test_energy_joins_its_day_and_names_that_are_no_days_are_left_out() -> None:
    days = (WorkDay(day="2026-11-02", collisions=5), WorkDay(day="nonsense", collisions=1))
    energy = (Day(day="2026-11-01", joules={"rapl": 3.6e6}), Day(day="2026-11-02", joules={"estimate": 7.2e6}), Day(day="2026-11-03", received=9))
    assert with_energy(days, energy) == (WorkDay(day="2026-11-01", kwh=1.0), WorkDay(day="2026-11-02", collisions=5, kwh=2.0, estimated=True))
    assert date_of("nonsense") is None


def _credit(day: int, user: float, host: float) -> CreditDay:
    return CreditDay(day=day, at=day * 86400.0, user_total=user, user_recent=0.0, host_total=host, host_recent=0.0)


def test_credit_of_several_projects_is_one() -> None:
    histories = [(_credit(20_000, 100.0, 10.0), _credit(20_001, 130.0, 15.0)), (_credit(20_001, 7.0, 7.0), _credit(20_002, 8.0, 7.0)), ()]
    first, everywhere = credit_days(histories, host=False)
    assert first == date(2024, 10, 4)
    assert list(everywhere.values()) == [0.0, 30.0, 1.0]
    assert list(credit_days(histories, host=True)[1].values()) == [0.0, 5.0, 0.0]
    assert credit_days([], host=True) == (None, {})


def test_the_file_has_all_days_for_other_programs() -> None:
    work = Contribution(
        since="2024-10-04", days=(WorkDay(day="2024-10-05", collisions=1234, cpu_s=5400.0, tasks=2, kwh=0.25, estimated=True), WorkDay(day="?"))
    )
    read = list(csv.DictReader(io.StringIO(as_csv(work, [(_credit(20_000, 100.0, 10.0), _credit(20_001, 130.5, 15.0))]))))
    assert [line["day"] for line in read] == ["2024-10-04", "2024-10-05"]
    assert read[1] == {
        "day": "2024-10-05",
        "collisions": "1234",
        "processor_hours": "1.5000",
        "kwh": "0.250000",
        "kwh_estimated": "yes",
        "tasks": "2",
        "credit_this_computer": "5.00",
        "credit_all_computers": "30.50",
        "credit_team": "0.00",
    }


def _team(day: int, total: float, team: str = "T") -> TeamDay:
    return TeamDay(day=day, at=day * 86_400.0, team=team, total=total, recent=0.0)


def test_another_team_brings_nothing_along() -> None:
    first, found = team_days(
        [(_team(20_000, 1e6), _team(20_001, 1e6 + 5), _team(20_003, 7e9, "Large"), _team(20_004, 7e9 + 2, "Large"), _team(20_005, 1.0, "Large"))]
    )
    assert first == date(2024, 10, 4)
    assert list(found.values()) == [0.0, 5.0, 0.0, 2.0, 0.0]
    assert team_days([]) == (None, {})


@given(
    work=some.dictionaries(some.integers(-3, 400), some.integers(0, 1000), max_size=30),
    credit=some.dictionaries(some.integers(-9, 400), some.floats(0, 1e6), max_size=10),
    since=some.one_of(some.just(""), some.integers(0, 300).map(lambda back: (date(2026, 11, 23) - timedelta(days=back)).isoformat())),
    span=SPANS,
)
def test_the_table_has_everything_once(work: dict[int, int], credit: dict[int, float], since: str, span: Span) -> None:
    today = date(2026, 11, 23)
    days = tuple(
        WorkDay(day=(today - timedelta(days=back)).isoformat(), collisions=much, cpu_s=much * 36.0, tasks=1, kwh=0.5, estimated=bool(much % 2))
        for back, much in work.items()
    )
    total, told = 0.0, []
    for back in sorted(credit, reverse=True):
        total += credit[back]
        told.append(_credit((today - timedelta(days=back) - date(1970, 1, 1)).days, total, total / 2))
    lines = done(Contribution(since=since, days=days), [told], [], span, today)
    assert sum(line.collisions for line in lines) == sum(work.values())
    assert sum(line.tasks for line in lines) == len(work)
    assert abs(sum(line.kwh for line in lines) - len(work) / 2) < 1e-6
    assert abs(sum(line.processor_hours for line in lines) - sum(work.values()) / 100) < 1e-6
    gained = told[-1].user_total - told[0].user_total if told else 0.0
    assert abs(sum(line.credit_all_computers for line in lines) - gained) <= 1e-6 * max(1.0, gained)
    assert any(line.kwh_estimated for line in lines) is any(much % 2 for much in work.values())
    assert lines[-1].last == today
    ends = [(line.first, line.last) for line in lines]
    assert all(first <= last for first, last in ends)
    assert all(after == before + timedelta(days=1) for (_, before), (after, _) in itertools.pairwise(ends))
    assert len(lines) == 1 or span is not Span.ALL
