"""From the settings to what may pop up."""

from __future__ import annotations

from t4t.domain.notification_policy import Event
from t4t.domain.settings.derived import decisions, telling
from t4t.domain.settings.tree import Notifications, Tree


def test_only_what_differs_from_the_default_is_a_wish() -> None:
    usual = telling(Notifications())
    assert (dict(usual.wishes), usual.a_day, usual.a_week) == ({}, 1, 3)
    assert decisions(Tree()).telling == usual
    chosen = telling(Notifications(needs_you=False, pause_ends=True, weekly_summary=True, per_day=2, per_week=5))
    assert dict(chosen.wishes) == {Event.NEEDS_YOU: False, Event.PAUSE_ENDS: True, Event.WEEKLY_SUMMARY: True}
    assert (chosen.a_day, chosen.a_week) == (2, 5)


def test_every_switch_is_heard() -> None:
    for name in ("needs_you", "first_result", "pause_ends", "long_pause", "weekly_summary", "security_update", "project_notice"):
        value = not getattr(Notifications(), name)
        assert dict(telling(Notifications(**{name: value})).wishes) == {Event(name): value}
