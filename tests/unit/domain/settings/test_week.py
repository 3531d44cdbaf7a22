"""A week of half hours: what it shows is what the schedule does, and what is drawn means just that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.schedule import is_cheap, planned
from t4t.domain.settings.tree import Day, Hours, Response, Span, When
from t4t.domain.settings.week import DAYS, SLOTS, cheap_week, hours_of, is_exact, painted, planned_week, spans_of, time_of

_HALF_HOURS = st.integers(0, SLOTS - 1).map(time_of)
_ENDS = st.integers(0, SLOTS).map(time_of)
_DAYS = st.sets(st.sampled_from(DAYS)).map(lambda days: tuple(day for day in DAYS if day in days))
_SPANS = st.lists(st.builds(Span, days=_DAYS, start=_HALF_HOURS, end=_ENDS, does=st.sampled_from(Response)), max_size=5).map(tuple)
_HOURS = st.lists(st.builds(Hours, days=_DAYS, start=_HALF_HOURS, end=_ENDS), max_size=5).map(tuple)
_AT = st.floats(0, 4e9)


@given(spans=_SPANS, otherwise=st.sampled_from(Response), at=_AT)
def test_there_and_back_the_schedule_does_the_same(spans: tuple[Span, ...], otherwise: Response, at: float) -> None:
    made = spans_of(planned_week(spans, otherwise), otherwise)
    assert is_exact(made)
    assert planned(When(spans=made, otherwise=otherwise), at) is planned(When(spans=spans, otherwise=otherwise), at)


@given(hours=_HOURS, at=_AT)
def test_there_and_back_the_same_hours_are_cheap(hours: tuple[Hours, ...], at: float) -> None:
    made = hours_of(cheap_week(hours))
    assert is_cheap(When(cheap_hours=made), at) == is_cheap(When(cheap_hours=hours), at)


@given(spans=_SPANS, days=st.tuples(st.integers(0, 6), st.integers(0, 7)), slots=st.tuples(st.integers(0, 47), st.integers(0, 48)))
def test_what_is_drawn_is_there_and_the_rest_stays(spans: tuple[Span, ...], days: tuple[int, int], slots: tuple[int, int]) -> None:
    before = planned_week(spans, Response.GO_ON)
    after = painted(before, range(*days), range(*slots), Response.ONE_CORE)
    assert planned_week(spans_of(after, Response.PAUSE), Response.PAUSE) == after
    for day, row in enumerate(after):
        for slot, level in enumerate(row):
            drawn = day in range(*days) and slot in range(*slots)
            assert level is (Response.ONE_CORE if drawn else before[day][slot])


def test_days_that_are_alike_are_one_span() -> None:
    week = painted(planned_week((), Response.GO_ON), range(5), range(16, 36), Response.GENTLE)
    assert spans_of(week, Response.GO_ON) == (Span(days=DAYS[:5], start="08:00", end="18:00", does=Response.GENTLE),)
    assert spans_of(planned_week((), Response.PAUSE), Response.GO_ON) == (Span(start="00:00", end="24:00"),)


def test_times_between_half_hours_are_not_exact() -> None:
    assert is_exact((Hours(start="08:30", end="24:00"),))
    assert not is_exact((Hours(), Hours(start="08:30", end="09:15")))
    assert cheap_week((Hours(days=(Day.MONDAY,), start="00:10", end="01:10"),))[0][:4] == (True, True, False, False)
