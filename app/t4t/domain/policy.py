"""How much of the computer the work may have now: one pure decision over facts, the volunteer's intent and settings.

Each reason to hold the work back is a row of `RULES`, in order of precedence. The lowest level that a rule asks for wins; of the rules that ask for it, the
first decides. Steps down are taken at once; a rule may want calm before it lets go. All times are seconds of the clock on the wall.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from t4t.domain.host_events import Charge

if TYPE_CHECKING:
    from collections.abc import Callable

BASE: Final = "base"
"""What decides while no rule holds."""


class Level(enum.Enum):
    """How much the work may have, from all that the volunteer gives to nothing."""

    FULL = "full"
    GENTLE = "gentle"
    ONE_CORE = "one_core"
    PAUSED = "paused"
    """Frozen in memory."""
    SAVED = "saved"
    """Saved to disk."""
    STOPPED = "stopped"
    """Saved to disk, and the program ends."""


_DEPTH: Final = {level: depth for depth, level in enumerate(Level)}


def lower(one: Level, other: Level) -> Level:
    """The level that gives the work less."""
    return max(one, other, key=_DEPTH.__getitem__)


def holds_still(level: Level) -> bool:
    """Whether nothing may run at this level."""
    return _DEPTH[level] >= _DEPTH[Level.PAUSED]


# --- the volunteer's intent ------------------------------------------------------------------------------------------


class PauseKind(enum.Enum):
    """For how long."""

    HALF_HOUR = "30m"
    HOUR = "1h"
    THREE_HOURS = "3h"
    TOMORROW = "tomorrow"
    """Until eight in the morning."""
    RESTART = "restart"
    """Until the computer is started again."""
    FOREVER = "forever"
    """Until the volunteer goes on."""


_DAY_S: Final = 86_400.0
_MORNING_S: Final = 8 * 3600.0
PROLONGED_BY_S: Final = 1800.0
"""What one request for more adds to a pause."""
_LENGTH_S: Final = {PauseKind.HALF_HOUR: 1800.0, PauseKind.HOUR: 3600.0, PauseKind.THREE_HOURS: 10_800.0}


class Pause(msgspec.Struct, frozen=True):
    """A pause by hand. ``until`` is None without a time; ``boot`` tells one run of the computer from the next."""

    kind: PauseKind
    since: float
    until: float | None
    boot: str


class Intent(msgspec.Struct, frozen=True):
    """What the volunteer asked for; it survives every restart but for ``quitting``."""

    pause: Pause | None = None
    finishing: bool = False
    """Begin nothing new; when all work is done, pause."""
    quitting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """Now: seconds since 1970, which run of the computer this is, and when the next morning begins."""

    now: float
    boot: str
    morning: float


def pause_by_hand(kind: PauseKind, at: Instant) -> Pause:
    """A pause that begins now."""
    until = at.now + _LENGTH_S[kind] if kind in _LENGTH_S else at.morning if kind is PauseKind.TOMORROW else None
    return Pause(kind=kind, since=at.now, until=until, boot=at.boot)


def prolonged(pause: Pause | None, by: float, at: Instant) -> Pause:
    """The pause with ``by`` seconds more; one without an end stays, and where none holds any more one of that length begins."""
    if pause is None or is_over(pause, at):
        return Pause(kind=PauseKind.HALF_HOUR, since=at.now, until=at.now + by, boot=at.boot)
    return pause if pause.until is None else msgspec.structs.replace(pause, until=pause.until + by)


def is_over(pause: Pause, at: Instant) -> bool:
    """Whether a pause has ended by itself."""
    if pause.kind is PauseKind.RESTART:
        return pause.boot != at.boot
    return pause.until is not None and at.now >= pause.until


def after_jump(pause: Pause, by: float) -> Pause:
    """The pause after somebody set the clock forward by ``by`` seconds: an hour stays an hour, eight in the morning stays what the clock says."""
    if pause.kind in _LENGTH_S and pause.until is not None:
        return msgspec.structs.replace(pause, since=pause.since + by, until=pause.until + by)
    return msgspec.structs.replace(pause, since=pause.since + by)


def in_zone(pause: Pause, offset_s: float) -> Pause:
    """The pause where local time is ``offset_s`` east of UTC now: "tomorrow" ends at the eight o'clock that is nearest to the one that was meant.

    Where only daylight-saving time began or ended that is the same moment, for it was computed with it.
    """
    if pause.kind is not PauseKind.TOMORROW or pause.until is None:
        return pause
    late = (pause.until + offset_s - _MORNING_S + _DAY_S / 2) % _DAY_S - _DAY_S / 2
    return msgspec.structs.replace(pause, until=pause.until - late)


# --- facts, settings, rules ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The volunteer's settings as far as decisions need them; times in seconds."""

    pause_grace_s: float = 900.0
    """How long a VM stays frozen in memory before it is saved to disk."""
    min_free_bytes: int = 2 << 30
    """Free space in the data folder below which nothing runs: a saved state must always find room."""
    checkpoint_s: float = 600.0
    """Least running time between two checkpoints; a job may ask for more."""
    tasks: int = 1
    """How many tasks may have a VM at the same time."""
    gentle_percent: int = 50
    """How much of what the volunteer gives the work gets at `Level.GENTLE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of this computer; None: not known."""

    free_bytes: int | None = None
    session_ends: bool = False
    falls_asleep: bool = False
    """It was announced, and waking was not."""
    folder_gone: bool = False
    """The data folder can't be reached: unmounted, unplugged, removed."""
    charge: Charge = Charge.FINE
    """How urgent the battery's state is."""


Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule finds: whether it holds the work back and to which level; what it saw, against what; when it will let go by itself."""

    holds: bool
    level: Level = Level.PAUSED
    value: Value = None
    limit: Value = None
    until: float | None = None
    since: float | None = None
    """Since when, if the rule knows better than that it was just found."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason: its name for ever, how it judges, and how long all must be calm before it lets go."""

    id: str
    judge: Callable[[Facts, Intent, Settings, Instant], Finding]
    calm_s: float = 0.0


def _manual_pause(_facts: Facts, intent: Intent, _settings: Settings, at: Instant) -> Finding:
    pause = intent.pause
    if pause is None or is_over(pause, at):
        return Finding(holds=False)
    return Finding(holds=True, value=pause.kind.value, until=pause.until, since=pause.since)


def _quitting(_facts: Facts, intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=intent.quitting, level=Level.STOPPED, value=intent.quitting)


def _disk(facts: Facts, _intent: Intent, settings: Settings, _at: Instant) -> Finding:
    free = facts.free_bytes
    return Finding(holds=free is not None and free < settings.min_free_bytes, value=free, limit=settings.min_free_bytes)


def _session_end(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=facts.session_ends, level=Level.SAVED, value=facts.session_ends)


def _sleep(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    """Frozen is safe over a sleep; what there is time for is saved before it (`t4t.domain.shutdown`)."""
    return Finding(holds=facts.falls_asleep, value=facts.falls_asleep)


def _folder_gone(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=facts.folder_gone, value=facts.folder_gone)


def _battery_low(facts: Facts, _intent: Intent, _settings: Settings, _at: Instant) -> Finding:
    return Finding(holds=facts.charge is not Charge.FINE, level=Level.SAVED, value=facts.charge.value)


RULES: Final = (
    Rule("manual_pause", _manual_pause),
    Rule("quitting", _quitting),
    Rule("session_end", _session_end),
    Rule("sleep", _sleep),
    Rule("folder_gone", _folder_gone),
    Rule("disk", _disk, calm_s=60.0),
    Rule("battery_low", _battery_low, calm_s=60.0),
)
"""In order of precedence. What watches screen, schedule and other programs is a row more."""


# --- the decision ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """One rule as it stands: ``since`` when, and when it was last seen to be true (it may hold on for calm)."""

    id: str
    holds: bool
    level: Level
    value: Value
    limit: Value
    until: float | None
    since: float | None
    last_true: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How much, why, since when, and when it will change by itself (None: not known)."""

    level: Level
    deciding: str
    since: float
    next_change: float | None
    rules: tuple[RuleState, ...]
    still_since: float | None
    """Since when nothing may run: the grace before saving counts from here."""


def decide(facts: Facts, intent: Intent, settings: Settings, at: Instant, *, before: Decision | None = None) -> Decision:
    """The decision; ``before`` is the last one, for what needs memory: since when, and calm."""
    earlier = {} if before is None else {state.id: state for state in before.rules}
    states = tuple(_state(rule, rule.judge(facts, intent, settings, at), earlier.get(rule.id), at.now) for rule in RULES)
    holding = [state for state in states if state.holds]
    level = Level.FULL
    for state in holding:
        level = lower(level, state.level)
    chosen = next((state for state in holding if state.level is level), None)
    deciding = BASE if chosen is None else chosen.id
    since = at.now if chosen is None or chosen.since is None else chosen.since
    if chosen is None and before is not None and before.deciding == BASE:
        since = before.since
    still = _still_since(level, since, before)
    if level is Level.PAUSED and still is not None and at.now - still >= settings.pause_grace_s:
        level = Level.SAVED
    return Decision(level=level, deciding=deciding, since=since, next_change=chosen.until if chosen else None, rules=states, still_since=still)


def _state(rule: Rule, found: Finding, earlier: RuleState | None, now: float) -> RuleState:
    held = earlier is not None and earlier.holds
    last_true = now if found.holds else earlier.last_true if earlier is not None else None
    calm = held and not found.holds and last_true is not None and now - last_true < rule.calm_s
    holds = found.holds or calm
    since = None
    if holds:
        since = found.since if found.since is not None else earlier.since if held and earlier is not None else now
    until = last_true + rule.calm_s if calm and last_true is not None else found.until
    level = earlier.level if calm and earlier is not None else found.level
    return RuleState(id=rule.id, holds=holds, level=level, value=found.value, limit=found.limit, until=until, since=since, last_true=last_true)


def _still_since(level: Level, since: float, before: Decision | None) -> float | None:
    if not holds_still(level):
        return None
    return since if before is None or before.still_since is None else before.still_since


def due(decision: Decision, settings: Settings) -> float | None:
    """The next moment at which the decision may change by itself."""
    times = [] if decision.next_change is None else [decision.next_change]
    if decision.level is Level.PAUSED and decision.still_since is not None:
        times.append(decision.still_since + settings.pause_grace_s)
    times.extend(state.until for state in decision.rules if state.holds and state.until is not None)
    return min(times, default=None)


def decision_after_jump(decision: Decision, by: float) -> Decision:
    """The decision's memory after somebody set the clock forward by ``by`` seconds."""

    def moved(time: float | None) -> float | None:
        return None if time is None else time + by

    rules = tuple(dataclasses.replace(state, since=moved(state.since), last_true=moved(state.last_true)) for state in decision.rules)
    return dataclasses.replace(decision, since=decision.since + by, still_since=moved(decision.still_since), rules=rules)
