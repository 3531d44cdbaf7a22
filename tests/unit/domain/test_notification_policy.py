"""Which messages pop up."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.notification_policy import (
    HABITS,
    Event,
    Message,
    Moment,
    Record,
    Show,
    Telling,
    answered,
    bad_moment,
    decide,
    heard_again,
    muted,
    page_of,
    popped_up,
    solved,
)
from t4t.domain.readings import Readings, Screen

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
T0: Final = 1_700_000_000.0
DISK = Message(event=Event.NEEDS_YOU, subject="disk")
BROKEN = Message(event=Event.NEEDS_YOU, subject="virtualbox")


def at(seconds: float, readings: Readings | None = None, logged_in_s: float | None = None) -> Moment:
    return Moment(now=T0 + seconds, readings=readings or Readings(), logged_in_s=logged_in_s)


@pytest.mark.parametrize(
    ("readings", "logged_in_s", "bad"),
    [
        (Readings(), None, False),
        (Readings(screen=Screen.NOTHING, quiet=False, locked=False), 601.0, False),
        (Readings(), 599.0, True),
        (Readings(screen=Screen.FULL_SCREEN), None, True),
        (Readings(screen=Screen.PRESENTATION), None, True),
        (Readings(screen=Screen.GAME), None, True),
        (Readings(quiet=True), None, True),
        (Readings(locked=True), None, True),
    ],
)
def test_bad_moments(readings: Readings, logged_in_s: float | None, *, bad: bool) -> None:
    moment = at(0, readings, logged_in_s)
    assert bad_moment(moment) is bad
    assert decide(DISK, Record(), moment) is (Show.LATER if bad else Show.TOAST)


def test_each_event_has_a_habit() -> None:
    assert HABITS.keys() == set(Event)


def test_what_never_pops_up_does_not_by_wish_either() -> None:
    for event in (Event.REPAIRED, Event.HELD_BY_RULE, Event.NO_WORK, Event.MILESTONE, Event.UPDATE):
        assert decide(Message(event=event), Record(), at(0), Telling(wishes={event: True})) is Show.LIST


def test_a_problem_pops_up_once_a_day_and_not_when_it_was_ignored_three_times() -> None:
    record = Record()
    for day in range(3):
        assert decide(DISK, record, at(day * 3 * DAY)) is Show.TOAST
        record = popped_up(DISK, record, T0 + day * 3 * DAY)
        assert decide(DISK, record, at(day * 3 * DAY + 23 * HOUR)) is Show.LIST
    assert decide(DISK, record, at(30 * DAY)) is Show.LIST
    assert decide(DISK, answered(DISK, record), at(30 * DAY)) is Show.TOAST
    assert decide(DISK, solved(DISK, record), at(30 * DAY)) is Show.TOAST, "it came back: a new problem"
    assert decide(BROKEN, record, at(30 * DAY)) is Show.TOAST, "another problem"


def test_don_t_tell_me_this_again() -> None:
    record = muted(DISK, muted(DISK, Record()))
    assert record.muted == ("needs_you:disk",)
    assert decide(DISK, record, at(0)) is Show.LIST
    assert answered(DISK, record) is record


def test_the_first_result_pops_up_once_for_ever() -> None:
    first = Message(event=Event.FIRST_RESULT)
    assert decide(first, Record(), at(0)) is Show.TOAST
    assert decide(first, popped_up(first, Record(), T0), at(400 * DAY)) is Show.LIST


def test_what_the_volunteer_switched_on_costs_no_budget() -> None:
    ends = Message(event=Event.PAUSE_ENDS)
    assert decide(ends, Record(), at(0)) is Show.LIST
    assert decide(Message(event=Event.PAUSE_ENDS, long=True), Record(), at(0)) is Show.TOAST
    assert decide(Message(event=Event.PAUSE_ENDS, long=True), Record(), at(0), Telling(wishes={Event.PAUSE_ENDS: False})) is Show.LIST
    record = popped_up(DISK, Record(), T0)
    assert decide(ends, record, at(1), Telling(wishes={Event.PAUSE_ENDS: True})) is Show.TOAST
    assert popped_up(ends, record, T0 + 1).shown == record.shown


def test_projects_share_a_week_and_only_important_notices_pop_up() -> None:
    assert decide(Message(event=Event.PROJECT_NOTICE, subject="a", critical=False), Record(), at(0)) is Show.LIST
    notice = Message(event=Event.PROJECT_NOTICE, subject="a")
    other = Message(event=Event.PROJECT_NOTICE, subject="b")
    record = popped_up(notice, Record(), T0)
    assert decide(other, record, at(6 * DAY)) is Show.LIST
    assert decide(other, record, at(7 * DAY)) is Show.TOAST


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(Event), st.sampled_from("abc"), st.floats(0, 3 * DAY), st.booleans()),
        max_size=60,
    )
)
def test_never_more_than_one_a_day_and_three_a_week(steps: list[tuple[Event, str, float, bool]]) -> None:
    record, now, shown = Record(), 0.0, list[float]()
    for event, subject, wait, full_screen in steps:
        now += wait
        message = Message(event=event, subject=subject, long=True)
        readings = Readings(screen=Screen.FULL_SCREEN if full_screen else Screen.NOTHING)
        if decide(message, record, at(now, readings)) is Show.TOAST:
            assert not full_screen
            record = popped_up(message, record, T0 + now)
            if not HABITS[event].by_wish:
                shown.append(now)
    for start in shown:
        assert sum(1 for one in shown if start <= one < start + DAY - 1) <= 1
        assert sum(1 for one in shown if start <= one < start + 7 * DAY - 1) <= 3


def test_a_clock_that_was_wrong_silences_nothing_for_years() -> None:
    record = popped_up(BROKEN, Record(), T0 + 900 * DAY)
    assert decide(DISK, record, at(0)) is Show.TOAST
    assert popped_up(DISK, record, T0).shown == (T0,)


def test_the_budget_is_the_volunteers() -> None:
    assert decide(DISK, Record(), at(0), Telling(a_day=0)) is Show.LATER
    assert decide(DISK, Record(), at(0), Telling(a_week=0)) is Show.LATER
    record = popped_up(BROKEN, Record(), T0)
    assert decide(DISK, record, at(1)) is Show.LATER
    assert decide(DISK, record, at(1), Telling(a_day=2)) is Show.TOAST


def test_who_switches_a_kind_off_and_on_again_hears_all_of_it() -> None:
    record = muted(DISK, muted(Message(event=Event.PROJECT_NOTICE, subject="a"), Record()))
    assert heard_again(record, Telling()) is record
    assert heard_again(record, Telling(wishes={Event.WEEKLY_SUMMARY: True, Event.NEEDS_YOU: False})).muted == ("project_notice:a",)


@pytest.mark.parametrize(
    ("event", "code", "page"),
    [
        (Event.NEEDS_YOU, "T4T-DISK-01", "computer"),
        (Event.NEEDS_YOU, "T4T-KEY-05", "contribution"),
        (Event.NEEDS_YOU, "T4T-SET-01", "settings"),
        (Event.NEEDS_YOU, "T4T-NEW-01", "home"),
        (Event.NEEDS_YOU, "", "home"),
        (Event.FIRST_RESULT, "", "science"),
        (Event.PROJECT_NOTICE, "", "news"),
        (Event.LONG_PAUSE, "", "home"),
    ],
)
def test_each_message_has_its_page(event: Event, code: str, page: str) -> None:
    assert page_of(event, code) == page
