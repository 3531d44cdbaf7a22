"""The one state of the icon, and the key of its sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.policy import RULES, Decision, Level, holds_still
from t4t.domain.session import Activity, TrayState, sentence, tray_state, why
from t4t.wording.screen import Reader, explained


def decision(level: Level = Level.FULL, deciding: str = "base", until: float | None = None) -> Decision:
    return Decision(level=level, deciding=deciding, since=0.0, next_change=until, rules=(), still_since=None)


@pytest.mark.parametrize(
    ("level", "deciding", "tasks", "attention", "state"),
    [
        (Level.FULL, "base", [Activity.RUNNING], False, TrayState.WORKING),
        (Level.FULL, "base", [Activity.QUEUED, Activity.FINISHING], False, TrayState.WORKING),
        (Level.GENTLE, "disk", [Activity.RUNNING], False, TrayState.GENTLE),
        (Level.PAUSED, "manual_pause", [Activity.PAUSED], False, TrayState.PAUSED_BY_YOU),
        (Level.SAVED, "manual_pause", [Activity.SAVED], False, TrayState.PAUSED_BY_YOU),
        (Level.SAVED, "manual_pause", [Activity.SAVING], False, TrayState.SAVING),
        (Level.PAUSED, "disk", [Activity.PAUSED], False, TrayState.WAITING),
        (Level.FULL, "base", [], False, TrayState.NO_WORK),
        (Level.FULL, "base", [Activity.RESTING], False, TrayState.NO_WORK),
        (Level.FULL, "base", [Activity.SETTING_UP], False, TrayState.SETTING_UP),
        (Level.FULL, "base", [Activity.RECOVERING], False, TrayState.SETTING_UP),
        (Level.STOPPED, "quitting", [Activity.RUNNING], True, TrayState.SAVING),
        (Level.FULL, "base", [Activity.RUNNING], True, TrayState.NEEDS_YOU),
    ],
)
def test_states(level: Level, deciding: str, tasks: list[Activity], state: TrayState, *, attention: bool) -> None:
    assert tray_state(decision(level, deciding), tasks, attention=attention) is state


@given(
    level=st.sampled_from(Level),
    rule=st.sampled_from([rule.id for rule in RULES]),
    tasks=st.lists(st.sampled_from(Activity), max_size=3),
    attention=st.booleans(),
    until=st.none() | st.just(9.0),
)
def test_every_state_has_a_key(level: Level, rule: str, tasks: list[Activity], until: float | None, *, attention: bool) -> None:
    one = decision(level, rule if level is not Level.FULL else "base", until)
    state = tray_state(one, tasks, attention=attention)
    key, _, more = sentence(state, one).partition(".")
    assert key == state.value
    assert more in {"", "timed", "open", one.deciding}
    if state is TrayState.WORKING:
        assert not holds_still(level)


def test_the_decision_is_explained() -> None:
    shown = why(decision(Level.PAUSED, "manual_pause", 3600.0))
    assert "you paused it, since" in explained(shown, Reader(0.0))
    assert "until" in explained(shown, Reader(0.0))
    assert explained(why(decision()), Reader(1e12)) == "Full power: nothing holds it back"
    assert "one of your rules" in explained(why(decision(Level.GENTLE, "of_a_later_version")), Reader(0.0))
