"""How much the work may have: precedence, calm, pauses that hold, clocks that are set."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.host_events import Charge
from t4t.domain.policy import (
    BASE,
    RULES,
    Decision,
    Facts,
    Instant,
    Intent,
    Level,
    Pause,
    PauseKind,
    Settings,
    after_jump,
    decide,
    decision_after_jump,
    due,
    holds_still,
    in_zone,
    is_over,
    lower,
    pause_by_hand,
    prolonged,
)

NOW = 1_800_000_000.0
SETTINGS = Settings()
PLENTY = Facts(free_bytes=1 << 40)
TIGHT = Facts(free_bytes=1 << 20)
many = settings(max_examples=500, deadline=None)

INSTANTS = st.builds(Instant, now=st.floats(NOW, NOW + 1e6), boot=st.sampled_from(["a", "b"]), morning=st.just(NOW + 30_000))
PAUSES = st.none() | st.builds(pause_by_hand, st.sampled_from(PauseKind), st.just(Instant(now=NOW, boot="a", morning=NOW + 30_000)))
INTENTS = st.builds(Intent, pause=PAUSES, finishing=st.booleans(), quitting=st.booleans())
FACTS = st.builds(Facts, free_bytes=st.none() | st.integers(0, 1 << 34))


def at(seconds: float, *, boot: str = "a") -> Instant:
    return Instant(now=NOW + seconds, boot=boot, morning=NOW + 30_000)


def hand(kind: PauseKind) -> Pause:
    return pause_by_hand(kind, at(0))


@many
@given(facts=FACTS, intent=INTENTS, instant=INSTANTS)
def test_total_and_explained(facts: Facts, intent: Intent, instant: Instant) -> None:
    decision = decide(facts, intent, SETTINGS, instant)
    assert [state.id for state in decision.rules] == [rule.id for rule in RULES]
    holding = [state for state in decision.rules if state.holds]
    assert (decision.deciding == BASE) is (not holding)
    if holding:
        assert decision.deciding in {state.id for state in holding}
    assert (decision.still_since is not None) is holds_still(decision.level)
    again = decide(facts, intent, SETTINGS, instant, before=decision)
    assert (again.level, again.deciding, again.since) == (decision.level, decision.deciding, decision.since)
    later = due(decision, SETTINGS)
    assert later is None or isinstance(later, float)


@many
@given(facts=FACTS, kind=st.sampled_from(PauseKind), seconds=st.floats(0, 1e6), quitting=st.booleans())
def test_a_pause_by_hand_is_never_undone_by_anything_but_its_end(facts: Facts, kind: PauseKind, seconds: float, *, quitting: bool) -> None:
    pause = hand(kind)
    decision = decide(facts, Intent(pause=pause, quitting=quitting), SETTINGS, at(seconds))
    if not is_over(pause, at(seconds)):
        assert holds_still(decision.level)
        assert quitting or decision.deciding == "manual_pause"


@many
@given(steps=st.lists(st.tuples(st.floats(0, 300), st.integers(0, 1 << 32)), min_size=1, max_size=60))
def test_space_that_comes_and_goes_does_not_make_it_flap(steps: list[tuple[float, int]]) -> None:
    """Down at once, up only after a minute of calm: two changes up are never closer than that."""
    time = 0.0
    decision: Decision | None = None
    ups: list[float] = []
    for wait, free in steps:
        time += wait
        before, decision = decision, decide(Facts(free_bytes=free), Intent(), SETTINGS, at(time), before=decision)
        if free < SETTINGS.min_free_bytes:
            assert holds_still(decision.level)
        if before is not None and holds_still(before.level) and not holds_still(decision.level):
            ups.append(time)
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(ups))


def test_calm_before_it_goes_on() -> None:
    tight = decide(TIGHT, Intent(), SETTINGS, at(0))
    assert (tight.level, tight.deciding, tight.next_change) == (Level.PAUSED, "disk", None)
    soon = decide(PLENTY, Intent(), SETTINGS, at(30), before=tight)
    assert (soon.level, soon.deciding, soon.next_change, soon.since) == (Level.PAUSED, "disk", NOW + 90, NOW)
    assert due(soon, SETTINGS) == NOW + 90, "calm counts from when it is seen"
    assert decide(PLENTY, Intent(), SETTINGS, at(89), before=soon).level is Level.PAUSED
    free = decide(PLENTY, Intent(), SETTINGS, at(90), before=soon)
    assert (free.level, free.deciding, free.still_since) == (Level.FULL, BASE, None)
    assert due(free, SETTINGS) is None


def test_the_lowest_level_wins_and_the_first_that_asks_for_it_decides() -> None:
    both = decide(TIGHT, Intent(pause=hand(PauseKind.HOUR)), SETTINGS, at(1))
    assert (both.level, both.deciding, both.next_change) == (Level.PAUSED, "manual_pause", NOW + 3600)
    ending = decide(TIGHT, Intent(pause=hand(PauseKind.HOUR), quitting=True), SETTINGS, at(1))
    assert (ending.level, ending.deciding) == (Level.STOPPED, "quitting")
    assert lower(Level.GENTLE, Level.SAVED) is Level.SAVED
    assert not holds_still(Level.ONE_CORE)


def test_paused_becomes_saved_after_the_grace() -> None:
    intent = Intent(pause=hand(PauseKind.FOREVER))
    decision = decide(PLENTY, intent, SETTINGS, at(1))
    assert (decision.level, due(decision, SETTINGS)) == (Level.PAUSED, NOW + 900)
    assert decide(PLENTY, intent, SETTINGS, at(899), before=decision).level is Level.PAUSED
    assert decide(PLENTY, intent, SETTINGS, at(900), before=decision).level is Level.SAVED
    # after a restart of the program the grace counts from when the volunteer paused, not anew
    assert decide(PLENTY, intent, SETTINGS, at(900)).level is Level.SAVED


def test_another_reason_that_takes_over_does_not_begin_the_grace_anew() -> None:
    first = decide(TIGHT, Intent(), SETTINGS, at(0))
    second = decide(TIGHT, Intent(pause=pause_by_hand(PauseKind.HOUR, at(600))), SETTINGS, at(600), before=first)
    assert (second.deciding, second.since, second.still_since) == ("manual_pause", NOW + 600, NOW)
    assert decide(TIGHT, Intent(), SETTINGS, at(900), before=second).level is Level.SAVED


@pytest.mark.parametrize(
    ("kind", "seconds", "boot", "over"),
    [
        (PauseKind.HALF_HOUR, 1799, "a", False),
        (PauseKind.HALF_HOUR, 1800, "a", True),
        (PauseKind.HOUR, 3599, "b", False),
        (PauseKind.HOUR, 3600, "a", True),
        (PauseKind.THREE_HOURS, 10_799, "a", False),
        (PauseKind.THREE_HOURS, 10_800, "a", True),
        (PauseKind.TOMORROW, 29_999, "b", False),
        (PauseKind.TOMORROW, 30_000, "a", True),
        (PauseKind.RESTART, 1e9, "a", False),
        (PauseKind.RESTART, 1, "b", True),
        (PauseKind.FOREVER, 1e9, "b", False),
    ],
)
def test_when_a_pause_ends(kind: PauseKind, seconds: float, boot: str, *, over: bool) -> None:
    assert is_over(hand(kind), at(seconds, boot=boot)) is over
    level = decide(PLENTY, Intent(pause=hand(kind)), SETTINGS, at(seconds, boot=boot)).level
    assert holds_still(level) is not over


@many
@given(kind=st.sampled_from(PauseKind), by=st.floats(-1e9, 1e9), seconds=st.floats(0, 20_000))
def test_a_clock_that_is_set_makes_an_hour_no_longer_and_no_shorter(kind: PauseKind, by: float, seconds: float) -> None:
    moved = after_jump(hand(kind), by)
    if kind is PauseKind.TOMORROW:
        assert moved.until == NOW + 30_000
    elif abs((hand(kind).until or 0) - NOW - seconds) > 1:
        assert is_over(moved, at(seconds + by)) is is_over(hand(kind), at(seconds))


def test_a_clock_that_is_set_keeps_calm_and_grace() -> None:
    tight = decide(TIGHT, Intent(), SETTINGS, at(0))
    moved = decision_after_jump(tight, 86_400.0)
    assert (moved.since, moved.still_since) == (NOW + 86_400, NOW + 86_400)
    held = decide(PLENTY, Intent(), SETTINGS, at(86_430), before=moved)
    assert held.deciding == "disk"
    calm: Decision = decide(PLENTY, Intent(), SETTINGS, at(86_490), before=replace(held))
    assert calm.deciding == BASE


@pytest.mark.parametrize(
    ("facts", "level", "deciding"),
    [
        ({"session_ends": True, "falls_asleep": True, "charge": Charge.LOW}, Level.SAVED, "session_end"),
        ({"falls_asleep": True, "folder_gone": True}, Level.PAUSED, "sleep"),
        ({"falls_asleep": True, "charge": Charge.CRITICAL}, Level.SAVED, "battery_low"),
        ({"folder_gone": True, "free_bytes": 0}, Level.PAUSED, "folder_gone"),
        ({"charge": Charge.LOW}, Level.SAVED, "battery_low"),
        ({}, Level.FULL, BASE),
    ],
)
def test_what_the_computer_says(facts: dict[str, Any], level: Level, deciding: str) -> None:
    decision = decide(replace(PLENTY, **facts), Intent(), SETTINGS, Instant(now=NOW, boot="a", morning=NOW))
    assert (decision.level, decision.deciding) == (level, deciding)


@many
@given(day=st.integers(0, 20_000), set_in=st.integers(-14 * 3600, 14 * 3600), now_in=st.integers(-14 * 3600, 14 * 3600))
def test_tomorrow_is_eight_o_clock_wherever_the_computer_is(day: int, set_in: int, now_in: int) -> None:
    until = day * 86_400.0 + 8 * 3600 - set_in
    pause = Pause(kind=PauseKind.TOMORROW, since=until - 40_000, until=until, boot="a")
    assert in_zone(pause, set_in) == pause
    moved = in_zone(pause, now_in).until
    assert moved is not None
    assert (moved + now_in) % 86_400 == 8 * 3600
    assert abs(moved - until) <= 43_200
    hour = pause_by_hand(PauseKind.HOUR, Instant(now=NOW, boot="a", morning=NOW))
    assert in_zone(hour, now_in) == hour


@given(kind=st.sampled_from(PauseKind), seconds=st.floats(0, 2e6))
def test_half_an_hour_more(kind: PauseKind, seconds: float) -> None:
    """A pause only ever becomes longer; where none holds any more, one of half an hour begins."""
    pause = hand(kind)
    now = at(seconds)
    longer = prolonged(pause, 1800.0, now)
    assert not is_over(longer, now)
    if is_over(pause, now):
        assert (longer.kind, longer.since, longer.until) == (PauseKind.HALF_HOUR, now.now, now.now + 1800.0)
    elif pause.until is None:
        assert longer == pause
    else:
        assert longer.until == pause.until + 1800.0
        assert (longer.kind, longer.since) == (pause.kind, pause.since)
    assert prolonged(None, 1800.0, now).until == now.now + 1800.0
