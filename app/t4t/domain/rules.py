"""Each reason to hold the work back is a row of `RULES`, in order of precedence: what it sees, against what, and to which level it holds. Pure.

What is not known holds nothing back. How long a rule must have been true before it holds (`Finding.onset_s`) and how long all must be calm before it lets go
(`Finding.calm_s`) is kept by `t4t.domain.policy.decide`; here is only what is true now.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from t4t.domain.host_events import Charge
from t4t.domain.intent import LESS_LEVELS, holds_anyway, holds_less, is_over
from t4t.domain.levels import Level, lower
from t4t.domain.notification_policy import Telling
from t4t.domain.readings import Readings, Screen, Thermal
from t4t.domain.record import record
from t4t.domain.schedule import changes_at, is_cheap, planned
from t4t.domain.settings.tree import Response, When

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.intent import Instant, Intent

Value: TypeAlias = str | int | float | bool | None

UP_STEP_CALM_S: Final = 60.0
"""How long all must be calm before the work gets more again, where no setting says otherwise."""
_MEMORY_ONSET_S: Final = 10.0
_MEMORY_CALM_S: Final = 300.0
_MINUTE_S: Final = 60.0


@record(kw_only=True)
class Settings:
    """The volunteer's settings as far as decisions need them; times in seconds."""

    pause_grace_s: float = 900.0
    """How long a VM stays frozen in memory before it is saved to disk."""
    min_free_bytes: int = 2 << 30
    """Free space in the data folder below which nothing runs: a saved state must always find room."""
    max_disk_bytes: int = 0
    """Disk space that our files may occupy; beyond it nothing new is begun. 0: no limit."""
    checkpoint_s: float = 600.0
    """Least running time between two checkpoints; a job may ask for more."""
    tasks: int = 1
    """How many tasks may have a VM at the same time."""
    gentle_percent: int = 50
    """How much of what the volunteer gives the work gets at `Level.GENTLE`."""
    min_free_memory_mib: int = 0
    """Memory that must stay free for other programs; 0: no limit."""
    resume_after_s: float = 0.0
    """How long after the computer woke the work goes on."""
    keep_awake: bool = False
    """On mains the computer does not fall asleep by itself while work runs."""
    when: When = field(default_factory=When)
    """What holds the work back, and to which level."""
    telling: Telling = field(default_factory=Telling)
    """What may pop up."""


@record(kw_only=True)
class Facts:
    """What is known of this computer; None: not known."""

    free_bytes: int | None = None
    session_ends: bool = False
    falls_asleep: bool = False
    """It was announced, and waking was not."""
    woke_at: float | None = None
    """When it woke last, by the clock on the wall; None: not since the program began."""
    folder_gone: bool = False
    """The data folder can't be reached: unmounted, unplugged, removed."""
    charge: Charge = Charge.FINE
    """How urgent the battery's state is."""
    on_battery: bool = False
    charging: bool | None = None
    """The battery takes up charge now; one that is full, or kept from charging, does not."""
    battery_percent: float | None = None
    readings: Readings = field(default_factory=Readings)
    needed_memory_mib: int = 0
    """What a VM of ours that has no process now would take of the free memory."""
    wanted_disk_bytes: int | None = None
    """What our files would occupy once the next task has begun (`t4t.domain.disk_room.wanted_bytes`)."""
    begun: int = 0
    """How many tasks have a VM."""


@record(kw_only=True)
class Finding:
    """What one rule finds: whether it is true and to which level it holds the work back; what it saw, against what; when that ends by itself."""

    holds: bool
    level: Level = Level.PAUSED
    value: Value = None
    limit: Value = None
    until: float | None = None
    since: float | None = None
    """Since when, if the rule knows better than that it was just found."""
    onset_s: float = 0.0
    """How long it must be true before it holds."""
    calm_s: float | None = None
    """How long all must be calm before it lets go; None: as the rule says."""


@record
class Rule:
    """One reason: its name for ever, how it judges, how long all must be calm before it lets go, and whether running anyway overrules it."""

    id: str
    judge: Callable[[Facts, Intent, Settings, Instant], Finding]
    calm_s: float = 0.0
    yields: bool = False


def level_of(response: Response) -> Level:
    """The level that a setting asks for."""
    match response:
        case Response.GO_ON:
            return Level.FULL
        case Response.GENTLE:
            return Level.GENTLE
        case Response.ONE_CORE:
            return Level.ONE_CORE
        case Response.PAUSE:
            return Level.PAUSED
        case _:
            assert_never(response)


# --- the volunteer, the session, safety: nothing overrules them ------------------------------------------------------


def _manual_pause(_facts: Facts, intent: Intent, _settings: Settings, at: Instant) -> Finding:
    pause = intent.pause
    if pause is None or is_over(pause, at):
        return Finding(holds=False)
    return Finding(holds=True, value=pause.kind.value, until=pause.until, since=pause.since)


def _quitting(_facts: Facts, intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=intent.quitting, level=Level.STOPPED, value=intent.quitting)


def _session_end(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=facts.session_ends, level=Level.SAVED, value=facts.session_ends)


def _sleep(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    """Frozen is safe over a sleep; what there is time for is saved before it (`t4t.domain.shutdown`)."""
    return Finding(holds=facts.falls_asleep, value=facts.falls_asleep)


def _folder_gone(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=facts.folder_gone, value=facts.folder_gone)


def _disk(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    free = facts.free_bytes
    return Finding(holds=free is not None and free < settings.min_free_bytes, value=free, limit=settings.min_free_bytes)


def _memory(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    """To disk: frozen in memory it would go on to take what is short. What it gave back by that must be there beside the limit before it comes again."""
    free = facts.readings.free_memory_mib
    limit = settings.min_free_memory_mib and settings.min_free_memory_mib + facts.needed_memory_mib
    return Finding(holds=free is not None and free < limit, level=Level.SAVED, value=free, limit=limit or None, onset_s=_MEMORY_ONSET_S)


def _battery_low(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=facts.charge is not Charge.FINE, level=Level.SAVED, value=facts.charge.value)


def _heat(facts: Facts, settings: Settings, *, limit_c: int, words: frozenset[Thermal], level: Level) -> Finding:
    """``words``: what the system itself says of its heat that is too much, where it gives no degrees or knows better."""
    degrees, word = facts.readings.temperature_c, facts.readings.thermal
    hot = (limit_c > 0 and degrees is not None and degrees > limit_c) or word in words
    value = degrees if degrees is not None else None if word is None else word.value
    return Finding(holds=hot, level=level, value=value, limit=limit_c or None, calm_s=settings.when.hot_hold_min * _MINUTE_S)


def _too_hot(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    return _heat(facts, settings, limit_c=settings.when.hot_pause_c, words=frozenset({Thermal.CRITICAL}), level=Level.PAUSED)


def _hot(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    return _heat(facts, settings, limit_c=settings.when.hot_slow_c, words=frozenset({Thermal.SERIOUS, Thermal.CRITICAL}), level=Level.GENTLE)


def _run_anyway(_facts: Facts, intent: Intent, _settings: Settings, at: Instant) -> Finding:
    """It holds nothing back: it overrules the rules below it."""
    anyway = intent.anyway
    if anyway is None or not holds_anyway(anyway, at):
        return Finding(holds=False, level=Level.FULL)
    return Finding(holds=True, level=Level.FULL, value=anyway.kind.value, until=anyway.until, since=anyway.since)


def _use_less(_facts: Facts, intent: Intent, _settings: Settings, at: Instant) -> Finding:
    """The volunteer's own word; it takes back running anyway, and is taken back by it."""
    less = intent.less
    if less is None or not holds_less(less, at):
        return Finding(holds=False)
    return Finding(holds=True, level=LESS_LEVELS[less.kind], value=less.kind.value, until=less.until, since=less.since)


def _disk_cap(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    """What has begun goes on, for only so it ends and its space is free again; nothing new is begun (`begins_nothing`). With nothing begun, all waits."""
    wanted, limit = facts.wanted_disk_bytes, settings.max_disk_bytes
    level = Level.FULL if facts.begun else Level.PAUSED
    return Finding(holds=wanted is not None and 0 < limit < wanted, level=level, value=wanted, limit=limit or None)


# --- what the volunteer chose ----------------------------------------------------------------------------------------


def _as_chosen(response: Response, *, true: bool, value: Value, limit: Value = None) -> Finding:
    """A rule that holds to the level of a setting; one that is to go on holds nothing back."""
    level = level_of(response)
    return Finding(holds=true and level is not Level.FULL, level=level, value=value, limit=limit)


def _woke(facts: Facts, _intent: Intent, settings: Settings, at: Instant) -> Finding:
    """Who wakes a computer wants to use it, and everything on it wakes at the same time."""
    if facts.woke_at is None or at.now >= facts.woke_at + settings.resume_after_s:
        return Finding(holds=False)
    awake_s = max(0, round(at.now - facts.woke_at))
    return Finding(holds=True, value=awake_s, limit=settings.resume_after_s, until=facts.woke_at + settings.resume_after_s, since=facts.woke_at)


def _battery(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    return _as_chosen(settings.when.on_battery, true=facts.on_battery, value=facts.on_battery)


def _charging(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    """Only while it really charges: a computer that is kept at 60 % to spare its battery never comes to 80 %."""
    percent, limit = facts.battery_percent, settings.when.battery_min_percent
    true = bool(facts.charging) and not facts.on_battery and percent is not None and percent < limit
    return _as_chosen(settings.when.on_battery, true=true, value=percent, limit=limit or None)


def _power_saver(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    return _as_chosen(settings.when.power_saver, true=bool(facts.readings.saver), value=facts.readings.saver)


def _full_screen(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    screen = facts.readings.screen
    return _as_chosen(settings.when.full_screen, true=screen not in {None, Screen.NOTHING}, value=None if screen is None else screen.value)


def _programs(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    running = sorted((facts.readings.programs or frozenset()) & frozenset(settings.when.programs))
    return Finding(holds=bool(running), value=", ".join(running) or None)


def _schedule(_facts: Facts, _intent: Intent, settings: Settings, at: Instant) -> Finding:
    when = settings.when
    if not when.schedule:
        return Finding(holds=False)
    says = planned(when, at.now + at.offset_at(at.now))
    until = changes_at(when.spans, lambda local: planned(when, local), at.now, at.offset_at)
    level = level_of(says)
    return Finding(holds=level is not Level.FULL, level=level, value=says.value, until=until)


def _cheap_hours(_facts: Facts, _intent: Intent, settings: Settings, at: Instant) -> Finding:
    when = settings.when
    level = level_of(when.outside_cheap_hours)
    if not when.cheap_hours or level is Level.FULL:
        return Finding(holds=False)
    cheap = is_cheap(when, at.now + at.offset_at(at.now))
    until = changes_at(when.cheap_hours, lambda local: is_cheap(when, local), at.now, at.offset_at)
    return Finding(holds=not cheap, level=level, value="cheap" if cheap else "dear", until=until)


def _others(facts: Facts, limit: int, level: Level, *, onset_s: float, calm_s: float) -> Finding:
    """Where nothing tells of a user (a server, a computer in a test laboratory) nobody is disturbed: our VMs have the lowest priority anyway."""
    readings = facts.readings
    busy = readings.others_percent
    known = (readings.idle_s, readings.locked, readings.remote) != (None, None, None)
    true = known and limit > 0 and busy is not None and busy > limit
    return Finding(holds=true, level=level, value=None if busy is None else round(busy), limit=limit or None, onset_s=onset_s, calm_s=calm_s)


def _very_busy(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    when = settings.when
    return _others(facts, when.busy_pause_percent, Level.PAUSED, onset_s=when.busy_pause_after_s, calm_s=when.busy_calm_s)


def _busy(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    when = settings.when
    return _others(facts, when.busy_slow_percent, Level.GENTLE, onset_s=when.busy_slow_after_s, calm_s=when.busy_calm_s)


def _in_use(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    """Until nobody has touched it for so long: that is the calm, and none is added to it. A locked screen is left at once."""
    when, readings = settings.when, facts.readings
    level, away_s = level_of(when.in_use), when.away_after_min * _MINUTE_S
    used = readings.in_use(away_after_s=away_s, remote_counts=when.remote_session_counts)
    value: Value = None if readings.idle_s is None else round(readings.idle_s)
    if readings.remote and when.remote_session_counts:
        value = "remote"
    elif readings.locked:
        value = "locked"
    return Finding(holds=bool(used) and level is not Level.FULL, level=level, value=value, limit=away_s, calm_s=UP_STEP_CALM_S if used is None else 0.0)


RULES: Final = (
    Rule("manual_pause", _manual_pause),
    Rule("quitting", _quitting),
    Rule("session_end", _session_end),
    Rule("sleep", _sleep),
    Rule("folder_gone", _folder_gone),
    Rule("disk", _disk, calm_s=UP_STEP_CALM_S),
    Rule("memory", _memory, calm_s=_MEMORY_CALM_S),
    Rule("too_hot", _too_hot),
    Rule("hot", _hot),
    Rule("battery_low", _battery_low, calm_s=UP_STEP_CALM_S),
    Rule("run_anyway", _run_anyway),
    Rule("use_less", _use_less),
    Rule("woke", _woke, yields=True),
    Rule("disk_cap", _disk_cap),
    Rule("battery", _battery, calm_s=UP_STEP_CALM_S, yields=True),
    Rule("charging", _charging, calm_s=UP_STEP_CALM_S, yields=True),
    Rule("power_saver", _power_saver, calm_s=UP_STEP_CALM_S, yields=True),
    Rule("full_screen", _full_screen, calm_s=UP_STEP_CALM_S, yields=True),
    Rule("programs", _programs, calm_s=UP_STEP_CALM_S, yields=True),
    Rule("schedule", _schedule, yields=True),
    Rule("cheap_hours", _cheap_hours, yields=True),
    Rule("very_busy", _very_busy, yields=True),
    Rule("busy", _busy, yields=True),
    Rule("in_use", _in_use, yields=True),
)
"""In order of precedence: of the rules that ask for the lowest level, the first decides."""


NEW_ONLY: Final = frozenset({"disk_cap"})
"""Rules that let what has begun go on, whatever its level, and hold back what has not."""


def lowest(levels: list[Level]) -> Level:
    """The level of all rules that hold."""
    level = Level.FULL
    for one in levels:
        level = lower(level, one)
    return level
