"""The rules over years of anything that can happen: never faster than their windows, one deciding rule, the volunteer's word above them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t4t.domain.host_events import Charge
from t4t.domain.intent import LESS_LEVELS, anyway_after_jump
from t4t.domain.policy import (
    BASE,
    RULES,
    AnywayKind,
    Decision,
    Facts,
    Instant,
    Intent,
    LessKind,
    Level,
    PauseKind,
    Settings,
    anyway_by_hand,
    decide,
    decision_after_jump,
    due,
    holds_anyway,
    holds_less,
    holds_still,
    is_over,
    less_after_jump,
    less_by_hand,
    lower,
    pause_by_hand,
    stirred,
)
from t4t.domain.readings import Readings, Screen, Thermal
from t4t.domain.rules import level_of
from t4t.domain.session import why
from t4t.domain.settings.tree import Hours, Response, Span, When

if TYPE_CHECKING:
    from t4t.domain.policy import RuleState

NOW: Final = 1_800_000_000.0
PLENTY: Final = Facts(free_bytes=1 << 40)
BUSY: Final = replace(PLENTY, readings=Readings(others_percent=90.0, idle_s=1e5))
many = settings(max_examples=300, deadline=None)

READINGS = st.builds(
    Readings,
    idle_s=st.none() | st.floats(0, 1e5),
    locked=st.none() | st.booleans(),
    remote=st.none() | st.booleans(),
    screen=st.none() | st.sampled_from(Screen),
    programs=st.none() | st.frozensets(st.sampled_from(["editor", "game"])),
    others_percent=st.none() | st.floats(0, 100),
    temperature_c=st.none() | st.floats(20, 110),
    thermal=st.none() | st.sampled_from(Thermal),
    saver=st.none() | st.booleans(),
    free_memory_mib=st.none() | st.integers(0, 8192),
)
FACTS = st.builds(
    Facts,
    free_bytes=st.none() | st.integers(0, 1 << 34),
    session_ends=st.booleans(),
    falls_asleep=st.booleans(),
    woke_at=st.none() | st.floats(NOW - 1e4, NOW + 1e4),
    folder_gone=st.booleans(),
    charge=st.sampled_from(Charge),
    on_battery=st.booleans(),
    wanted_disk_bytes=st.none() | st.integers(0, 1 << 34),
    begun=st.integers(0, 2),
    charging=st.none() | st.booleans(),
    battery_percent=st.none() | st.floats(0, 100),
    readings=READINGS,
)
WHENS = st.builds(
    When,
    in_use=st.sampled_from(Response),
    on_battery=st.sampled_from(Response),
    power_saver=st.sampled_from(Response),
    full_screen=st.sampled_from(Response),
    programs=st.just(("game",)),
    schedule=st.booleans(),
    spans=st.just((Span(start="22:00", end="06:00", does=Response.GENTLE), Span(start="06:00", end="08:30", does=Response.GO_ON))),
    otherwise=st.sampled_from(Response),
    cheap_hours=st.sampled_from([(), (Hours(start="23:00", end="05:00"),)]),
    outside_cheap_hours=st.sampled_from(Response),
)
SETTINGS = st.builds(
    Settings,
    when=WHENS,
    min_free_memory_mib=st.sampled_from([0, 1024]),
    max_disk_bytes=st.sampled_from([0, 1 << 33]),
    resume_after_s=st.sampled_from([0.0, 60.0, 3600.0]),
)
WAITS = st.floats(0.5, 400) | st.floats(0.5, 3e6)


def at(seconds: float) -> Instant:
    return Instant(now=NOW + seconds, boot="a", morning=NOW + 1e9)


@dataclass
class _Watched:
    """What a test remembers of one rule, by itself."""

    true_from: float | None = None
    last_true: float = -1e9
    let_go: list[float] = field(default_factory=list)


_ONSETS: Final = {"busy": 30.0, "very_busy": 60.0, "memory": 10.0}
_CALMS: Final = {"busy": 120.0, "very_busy": 120.0, "hot": 300.0, "too_hot": 300.0, "memory": 300.0, "disk": 60.0, "battery_low": 60.0}
_CALMS_OF_CHOICES: Final = {"battery": 60.0, "charging": 60.0, "power_saver": 60.0, "full_screen": 60.0, "programs": 60.0}
_NO_MEMORY: Final = {"manual_pause", "quitting", "session_end", "sleep", "folder_gone", "run_anyway", "use_less", "woke", "schedule", "cheap_hours", "disk_cap"}


@many
@given(steps=st.lists(st.tuples(WAITS, FACTS), min_size=1, max_size=25), given_=SETTINGS)
def test_years_of_anything(steps: list[tuple[float, Facts]], given_: Settings) -> None:
    """Turns come when facts change and when something is due, and once a minute while something counts, as the engine has them."""
    watched = {rule.id: _Watched() for rule in RULES}
    decision: Decision | None = None
    now = 0.0
    for wait, facts in steps:
        end = now + wait
        while now < end:
            before, decision = decision, decide(facts, Intent(), given_, at(now), before=decision)
            _check_who_decides(decision)
            for state in decision.rules:
                _check_windows(state, watched[state.id], NOW + now, None if before is None else next(s for s in before.rules if s.id == state.id))
            change = due(decision, given_)
            assert change is None or change > NOW + now
            now = min(end, end if change is None else change - NOW)


def _check_who_decides(decision: Decision) -> None:
    holding = [state for state in decision.rules if state.holds]
    lowest = Level.FULL
    for state in holding:
        lowest = lower(lowest, state.level)
    first = next((state.id for state in holding if state.level is lowest), BASE)
    assert decision.deciding == first
    assert decision.level in {lowest, Level.SAVED if lowest is Level.PAUSED else lowest}
    assert all(state.since is not None for state in holding)
    assert sum(state.id == decision.deciding for state in decision.rules) == (0 if decision.deciding == BASE else 1)


def _check_windows(state: RuleState, seen: _Watched, now: float, before: RuleState | None) -> None:
    """Not held before it was true for its time, not let go before all was calm for its time: so it never flaps faster than both."""
    true = state.true_since is not None
    seen.true_from = (seen.true_from if seen.true_from is not None else now) if true else None
    if true:
        seen.last_true = now
    held = before is not None and before.holds
    if state.holds and not held:
        assert seen.true_from is not None
        assert now - seen.true_from >= _ONSETS.get(state.id, 0.0)
    calm = _CALMS.get(state.id, _CALMS_OF_CHOICES.get(state.id, 0.0))
    if held and not state.holds:
        assert now - seen.last_true >= calm
        assert all(now - earlier >= calm for earlier in seen.let_go)
        seen.let_go = [now]
    if true and state.id not in _ONSETS:
        assert state.holds, "a step down is taken at once"


def test_every_rule_has_a_window_or_needs_none() -> None:
    assert {rule.id for rule in RULES} == {*_ONSETS, *_CALMS, *_CALMS_OF_CHOICES, *_NO_MEMORY, "in_use"}


@many
@given(facts=FACTS, given_=SETTINGS, kind=st.sampled_from(PauseKind), seconds=st.floats(0, 1e6))
def test_no_rule_undoes_a_pause_by_hand(facts: Facts, given_: Settings, kind: PauseKind, seconds: float) -> None:
    pause = pause_by_hand(kind, at(0))
    decision = decide(facts, Intent(pause=pause), given_, at(seconds))
    if not is_over(pause, at(seconds)):
        assert holds_still(decision.level)


@many
@given(facts=FACTS, given_=SETTINGS, kind=st.sampled_from(AnywayKind), seconds=st.floats(0, 10_000))
def test_running_anyway_overrules_what_yields_and_nothing_else(facts: Facts, given_: Settings, kind: AnywayKind, seconds: float) -> None:
    intent = Intent(anyway=anyway_by_hand(kind, at(0)))
    decision = decide(facts, intent, given_, at(seconds))
    safety = [rule.id for rule in RULES if not rule.yields]
    expected = Level.FULL
    for state in decision.rules:
        if state.holds and (state.id in safety or not holds_anyway(intent.anyway, at(seconds))):
            expected = lower(expected, state.level)
    assert decision.level is expected
    if holds_anyway(intent.anyway, at(seconds)):
        assert decision.deciding in safety
        assert all(not state.holds or state.overruled for state in decision.rules if state.id not in safety)
        assert {view.id for view in why(decision).rules if view.holds} <= set(safety)
        if expected is Level.FULL:
            assert intent.anyway is not None
            assert (decision.deciding, decision.next_change) == ("run_anyway", intent.anyway.until)
    else:
        assert not any(state.overruled for state in decision.rules)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if not rule.yields])
def test_what_running_anyway_never_overrules(rule: str) -> None:
    assert rule in {
        "manual_pause", "quitting", "session_end", "sleep", "folder_gone", "disk", "memory", "too_hot", "hot", "battery_low", "run_anyway",
        "use_less", "disk_cap",
    }  # fmt: skip


@many
@given(kind=st.sampled_from(AnywayKind), by=st.floats(-1e8, 1e8), seconds=st.floats(0, 10_000))
def test_an_hour_anyway_stays_an_hour(kind: AnywayKind, by: float, seconds: float) -> None:
    anyway = anyway_by_hand(kind, at(0))
    if abs(anyway.until - NOW - seconds) > 1:
        assert holds_anyway(anyway_after_jump(anyway, by), at(seconds + by)) is holds_anyway(anyway, at(seconds))


def test_a_clock_that_is_set_back_while_we_are_gone_ends_it() -> None:
    anyway = anyway_by_hand(AnywayKind.HOUR, at(0))
    assert holds_anyway(anyway, at(-30))
    assert not holds_anyway(anyway, at(-86_400))
    assert not holds_anyway(None, at(0))


@many
@given(facts=FACTS, given_=SETTINGS, kind=st.sampled_from(LessKind), seconds=st.floats(0, 10_000))
def test_who_asks_for_less_never_gets_more(facts: Facts, given_: Settings, kind: LessKind, seconds: float) -> None:
    """As long as it holds the level is never above what was asked for, and each rule still may ask for less; afterwards it is as if nobody had asked."""
    less = less_by_hand(kind, at(0))
    without = decide(facts, Intent(), given_, at(seconds))
    decision = decide(facts, Intent(less=less), given_, at(seconds))
    if not holds_less(less, at(seconds)):
        assert (decision.level, decision.deciding) == (without.level, without.deciding)
        return
    assert decision.level is lower(without.level, LESS_LEVELS[kind])
    if without.level is Level.FULL:
        assert (decision.deciding, decision.since, decision.next_change) == ("use_less", NOW, less.until)


@many
@given(kind=st.sampled_from(LessKind), by=st.floats(-1e8, 1e8), seconds=st.floats(0, 10_000))
def test_an_hour_of_less_stays_an_hour(kind: LessKind, by: float, seconds: float) -> None:
    less = less_by_hand(kind, at(0))
    if less.until is None or abs(less.until - NOW - seconds) > 1:
        assert holds_less(less_after_jump(less, by), at(seconds + by)) is holds_less(less, at(seconds))
    assert holds_less(less, at(-86_400)) is (less.until is None), "a clock that was set back while we were gone ends what has a time"


@many
@given(facts=FACTS, given_=SETTINGS)
def test_what_is_not_known_holds_nothing_back(facts: Facts, given_: Settings) -> None:
    """A computer without screen, bus or sensors works as if there were no rules about them."""
    unknown = Facts(free_bytes=facts.free_bytes)
    given_ = replace(given_, when=replace_when(given_.when))
    decision = decide(unknown, Intent(), given_, at(0))
    assert decision.deciding in {BASE, "disk"}


def replace_when(when: When) -> When:
    return When(in_use=when.in_use, on_battery=when.on_battery, power_saver=when.power_saver, full_screen=when.full_screen, programs=when.programs)


def _after(*states: tuple[float, Facts], given_: Settings | None = None) -> Decision:
    decision: Decision | None = None
    for seconds, facts in states:
        decision = decide(facts, Intent(), given_ or Settings(), at(seconds), before=decision)
    assert decision is not None
    return decision


def test_others_busy() -> None:
    """Slower after half a minute, paused after a minute, back after two minutes of calm."""
    calm = replace(PLENTY, readings=Readings(others_percent=3.0, idle_s=1e5))
    first = _after((0, BUSY))
    assert (first.level, first.deciding, due(first, Settings())) == (Level.FULL, BASE, NOW + 30)
    assert (_after((0, BUSY), (30, BUSY)).level, _after((0, BUSY), (30, BUSY)).deciding) == (Level.GENTLE, "busy")
    assert (_after((0, BUSY), (30, BUSY), (60, BUSY)).level, _after((0, BUSY), (30, BUSY), (60, BUSY)).deciding) == (Level.PAUSED, "very_busy")
    assert _after((0, BUSY), (20, calm), (40, BUSY), (69, BUSY)).level is Level.FULL, "it begins anew"
    back = _after((0, BUSY), (60, BUSY), (61, calm))
    assert (back.level, back.next_change) == (Level.PAUSED, NOW + 181)
    assert _after((0, BUSY), (60, BUSY), (61, calm), (181, calm)).level is Level.FULL


def test_after_waking_it_waits_until_a_moment_that_is_told() -> None:
    given_ = Settings(resume_after_s=60.0)
    woken = replace(PLENTY, woke_at=NOW)
    held = _after((0, replace(woken, falls_asleep=True)), (10, woken), given_=given_)
    assert (held.level, held.deciding, held.since, held.next_change, due(held, given_)) == (Level.PAUSED, "woke", NOW, NOW + 60, NOW + 60)
    state = next(state for state in held.rules if state.id == "woke")
    assert (state.value, state.limit) == (10, 60.0)
    assert _after((10, woken), (60, woken), given_=given_).deciding == BASE
    assert _after((0, woken)).deciding == BASE, "at once, where it is so chosen"
    anyway = Intent(anyway=anyway_by_hand(AnywayKind.HOUR, at(0)))
    assert decide(woken, anyway, given_, at(1)).level is Level.FULL


def test_where_nobody_can_be_disturbed_others_may_be_busy() -> None:
    alone = replace(PLENTY, readings=Readings(others_percent=100.0))
    assert _after((0, alone), (60, alone), (120, alone)).level is Level.FULL


def test_who_slept_does_not_know_that_it_was_true_all_the_time() -> None:
    assert _after((0, BUSY), (4000, BUSY)).level is Level.FULL
    assert _after((0, BUSY), (100, BUSY)).level is Level.PAUSED
    moved = decision_after_jump(_after((0, BUSY)), 86_400.0)
    assert decide(BUSY, Intent(), Settings(), at(86_430), before=moved).level is Level.GENTLE


@pytest.mark.parametrize(
    ("readings", "level", "deciding", "value"),
    [
        (Readings(idle_s=10.0), Level.GENTLE, "in_use", 10),
        (Readings(idle_s=301.0), Level.FULL, BASE, 301),
        (Readings(idle_s=10.0, locked=True), Level.FULL, BASE, "locked"),
        (Readings(idle_s=1e4, remote=True), Level.GENTLE, "in_use", "remote"),
        (Readings(screen=Screen.GAME, idle_s=1.0), Level.PAUSED, "full_screen", "game"),
        (Readings(temperature_c=86.0), Level.GENTLE, "hot", 86.0),
        (Readings(temperature_c=96.0), Level.PAUSED, "too_hot", 96.0),
        (Readings(thermal=Thermal.SERIOUS), Level.GENTLE, "hot", "serious"),
        (Readings(thermal=Thermal.CRITICAL), Level.PAUSED, "too_hot", "critical"),
        (Readings(saver=True), Level.PAUSED, "power_saver", True),
        (Readings(programs=frozenset({"game", "other"})), Level.PAUSED, "programs", "game"),
    ],
)
def test_what_the_sensors_say(readings: Readings, level: Level, deciding: str, value: object) -> None:
    given_ = Settings(when=When(programs=("game",)))
    decision = _after((0, replace(PLENTY, readings=readings)), given_=given_)
    assert (decision.level, decision.deciding) == (level, deciding)
    state = next(state for state in decision.rules if state.id == (deciding if deciding != BASE else "in_use"))
    assert state.value == value


def test_memory_and_battery() -> None:
    short = replace(PLENTY, readings=Readings(free_memory_mib=100))
    given_ = Settings(min_free_memory_mib=512)
    assert _after((0, short)).level is Level.FULL, "there is no limit unless somebody sets one"
    assert _after((0, short), given_=given_).level is Level.FULL
    assert (_after((0, short), (10, short), given_=given_).level, _after((0, short), (10, short), given_=given_).deciding) == (Level.SAVED, "memory")
    freed = replace(PLENTY, readings=Readings(free_memory_mib=900), needed_memory_mib=512)
    assert _after((0, short), (10, short), (400, freed), (800, freed), given_=given_).deciding == "memory", "it would be short again as soon as it comes back"
    enough = replace(freed, needed_memory_mib=300)
    assert _after((0, short), (10, short), (11, enough), (311, enough), given_=given_).deciding == BASE
    assert _after((0, replace(PLENTY, on_battery=True))).deciding == "battery"
    charging = replace(PLENTY, charging=True, battery_percent=50.0)
    assert _after((0, charging)).deciding == "charging"
    assert _after((0, replace(charging, charging=False))).deciding == BASE, "it is kept at 50 % to spare it"
    assert _after((0, replace(charging, charging=None))).deciding == BASE


def test_schedule_and_cheap_hours() -> None:
    """In UTC; NOW is a Friday, eight in the morning."""
    when = When(schedule=True, spans=(Span(start="07:00", end="09:00", does=Response.GENTLE),), otherwise=Response.PAUSE)
    gentle = _after((0, PLENTY), given_=Settings(when=when))
    assert (gentle.level, gentle.deciding, gentle.next_change) == (Level.GENTLE, "schedule", NOW + 3600)
    assert _after((3600, PLENTY), given_=Settings(when=when)).level is Level.PAUSED
    dear = _after((0, PLENTY), given_=Settings(when=When(cheap_hours=(Hours(start="22:00", end="06:00"),))))
    assert (dear.level, dear.deciding, dear.next_change) == (Level.PAUSED, "cheap_hours", NOW + 14 * 3600)
    assert _after((15 * 3600, PLENTY), given_=Settings(when=When(cheap_hours=(Hours(start="22:00", end="06:00"),)))).level is Level.FULL


def test_levels_of_settings_are_total() -> None:
    assert [level_of(response) for response in Response] == [Level.FULL, Level.GENTLE, Level.ONE_CORE, Level.PAUSED]


@many
@given(facts=FACTS, other=FACTS, given_=SETTINGS, seconds=st.floats(0, 50))
def test_who_is_not_woken_misses_nothing(facts: Facts, other: Facts, given_: Settings, seconds: float) -> None:
    """Where new readings stir nothing, the decision that stands shows what the new one would."""
    stands = decide(facts, Intent(), given_, at(0))
    newer = decide(other, Intent(), given_, at(seconds), before=stands)
    if not stirred(stands, newer):
        assert (stands.level, stands.deciding) == (newer.level, newer.deciding)
        assert [state.holds for state in stands.rules] == [state.holds for state in newer.rules]
    assert not stirred(newer, newer)


@many
@given(facts=FACTS, given_=SETTINGS)
def test_beyond_the_disk_cap_nothing_is_begun_and_what_has_begun_goes_on(facts: Facts, given_: Settings) -> None:
    decision = decide(facts, Intent(), given_, at(0))
    beyond = facts.wanted_disk_bytes is not None and 0 < given_.max_disk_bytes < facts.wanted_disk_bytes
    assert decision.begins_nothing is beyond
    without = decide(replace(facts, wanted_disk_bytes=None), Intent(), given_, at(0))
    if facts.begun or not beyond:
        assert decision.level is without.level  # what runs is neither slowed down nor held
    else:
        assert holds_still(decision.level)
