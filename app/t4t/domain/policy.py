"""How much of the computer the work may have now: one pure decision over facts, the volunteer's intent and settings.

The lowest level that a rule (`t4t.domain.rules`) asks for wins; of the rules that ask for it, the first decides. Steps down are taken at once, or after the
rule was true for a while; a rule may want calm before it lets go. Running anyway overrules all rules that yield. Times are seconds of the clock on the wall.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from t4t.domain.intent import (
    PROLONGED_BY_S,
    Anyway,
    AnywayKind,
    Instant,
    Intent,
    Less,
    LessKind,
    Pause,
    PauseKind,
    after_jump,
    anyway_after_jump,
    anyway_by_hand,
    holds_anyway,
    holds_less,
    in_zone,
    is_over,
    less_after_jump,
    less_by_hand,
    pause_by_hand,
    prolonged,
)
from t4t.domain.levels import Level, holds_still, lower
from t4t.domain.record import record
from t4t.domain.rules import NEW_ONLY, RULES, Facts, Finding, Rule, Settings, Value, lowest

__all__ = [
    "BASE",
    "PROLONGED_BY_S",
    "RULES",
    "Anyway",
    "AnywayKind",
    "Decision",
    "Facts",
    "Finding",
    "Instant",
    "Intent",
    "Less",
    "LessKind",
    "Level",
    "Pause",
    "PauseKind",
    "Rule",
    "RuleState",
    "Settings",
    "Value",
    "after_jump",
    "anyway_after_jump",
    "anyway_by_hand",
    "decide",
    "decision_after_jump",
    "due",
    "holds_anyway",
    "holds_less",
    "holds_still",
    "in_zone",
    "is_over",
    "less_after_jump",
    "less_by_hand",
    "lower",
    "pause_by_hand",
    "prolonged",
    "stirred",
]
"""All that deciding takes, in one place for those who call it."""

BASE: Final = "base"
"""What decides while no rule holds."""
_LOOKED_AWAY_S: Final = 150.0
"""Who did not look for so long, asleep or held up, does not know that it was true all the time."""


@record(kw_only=True)
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
    true_since: float | None = None
    """Since when it is true, whether or not it holds yet; None while it is not."""
    overruled: bool = False
    """It would hold, and the volunteer said to run anyway."""


@record(kw_only=True)
class Decision:
    """How much, why, since when, and when it will change by itself (None: not known)."""

    level: Level
    deciding: str
    since: float
    next_change: float | None
    rules: tuple[RuleState, ...]
    still_since: float | None
    """Since when nothing may run: the grace before saving counts from here."""

    @property
    def begins_nothing(self) -> bool:
        """Whether a rule holds back what has not begun."""
        return any(state.holds for state in self.rules if state.id in NEW_ONLY)


def decide(facts: Facts, intent: Intent, settings: Settings, at: Instant, *, before: Decision | None = None) -> Decision:
    """The decision; ``before`` is the last one, for what needs memory: since when, for how long, and calm."""
    earlier = {} if before is None else {state.id: state for state in before.rules}
    anyway = holds_anyway(intent.anyway, at)
    states = tuple(_state(rule, rule.judge(facts, intent, settings, at), earlier.get(rule.id), at.now, overruled=anyway and rule.yields) for rule in RULES)
    holding = [state for state in states if state.holds and not state.overruled]
    level = lowest([state.level for state in holding])
    chosen = next((state for state in holding if state.level is level), None)
    deciding = BASE if chosen is None else chosen.id
    since = at.now if chosen is None or chosen.since is None else chosen.since
    if chosen is None and before is not None and before.deciding == BASE:
        since = before.since
    still = _still_since(level, since, before)
    if level is Level.PAUSED and still is not None and at.now - still >= settings.pause_grace_s:
        level = Level.SAVED
    return Decision(level=level, deciding=deciding, since=since, next_change=chosen.until if chosen else None, rules=states, still_since=still)


def _state(rule: Rule, found: Finding, earlier: RuleState | None, now: float, *, overruled: bool) -> RuleState:
    held = earlier is not None and earlier.holds
    last_true = now if found.holds else _last_true(earlier, now)
    true_since = _true_since(earlier, now) if found.holds else None
    begins = None if true_since is None or held else true_since + found.onset_s
    calm_s = rule.calm_s if found.calm_s is None else found.calm_s
    calm = held and not found.holds and last_true is not None and now - last_true < calm_s
    holds = calm or (found.holds and (begins is None or now >= begins))
    since = None
    if holds:
        since = found.since if found.since is not None else earlier.since if held and earlier is not None else now
    until = found.until
    if calm and last_true is not None:
        until = last_true + calm_s
    elif begins is not None and not holds:
        until = begins
    return RuleState(
        id=rule.id,
        holds=holds,
        level=earlier.level if calm and earlier is not None else found.level,
        value=found.value,
        limit=found.limit,
        until=until,
        since=since,
        last_true=last_true,
        true_since=true_since,
        overruled=overruled and holds,
    )


def _last_true(earlier: RuleState | None, now: float) -> float | None:
    """When a rule that is not true now was so last: until now, if it was at the last look, for calm counts from when it is seen."""
    if earlier is None or earlier.last_true is None or earlier.true_since is None or now - earlier.last_true > _LOOKED_AWAY_S:
        return None if earlier is None else earlier.last_true
    return now


def _true_since(earlier: RuleState | None, now: float) -> float:
    """Since when a rule that is true now is so."""
    if earlier is None or earlier.true_since is None or earlier.last_true is None or now - earlier.last_true > _LOOKED_AWAY_S:
        return now
    return earlier.true_since


def _still_since(level: Level, since: float, before: Decision | None) -> float | None:
    if not holds_still(level):
        return None
    return since if before is None or before.still_since is None else before.still_since


def due(decision: Decision, settings: Settings) -> float | None:
    """The next moment at which the decision may change by itself."""
    times = [] if decision.next_change is None else [decision.next_change]
    if decision.level is Level.PAUSED and decision.still_since is not None:
        times.append(decision.still_since + settings.pause_grace_s)
    times.extend(state.until for state in decision.rules if state.until is not None)
    return min(times, default=None)


def stirred(before: Decision, after: Decision) -> bool:
    """Whether ``after``, decided on newer readings, is another decision, or one that begins to count towards another: else nobody needs to be woken."""
    if (before.level, before.deciding) != (after.level, after.deciding):
        return True
    return any(
        (one.holds, one.overruled, one.true_since is None) != (other.holds, other.overruled, other.true_since is None)
        for one, other in zip(before.rules, after.rules, strict=True)
    )


def decision_after_jump(decision: Decision, by: float) -> Decision:
    """The decision's memory after somebody set the clock forward by ``by`` seconds."""

    def moved(time: float | None) -> float | None:
        return None if time is None else time + by

    rules = tuple(
        dataclasses.replace(state, since=moved(state.since), last_true=moved(state.last_true), true_since=moved(state.true_since)) for state in decision.rules
    )
    return dataclasses.replace(decision, since=decision.since + by, still_since=moved(decision.still_since), rules=rules)
