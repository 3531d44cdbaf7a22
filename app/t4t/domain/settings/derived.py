"""What parts of the program need of the settings, in their own units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.notification_policy import Event, Telling
from t4t.domain.policy import Settings
from t4t.domain.settings.tree import Notifications

if TYPE_CHECKING:
    from t4t.domain.settings.tree import Tree

_MINUTE_S: Final = 60.0
_GIB: Final = 1 << 30


def decisions(tree: Tree) -> Settings:
    """As decisions need them."""
    return Settings(
        pause_grace_s=tree.resources.save_after_min * _MINUTE_S,
        min_free_bytes=round(tree.resources.disk_free_gib * _GIB),
        max_disk_bytes=round(tree.resources.disk_max_gib * _GIB),
        checkpoint_s=tree.resources.checkpoint_min * _MINUTE_S,
        tasks=tree.resources.tasks,
        gentle_percent=tree.when.gentle_percent,
        min_free_memory_mib=tree.resources.memory_free_mib,
        resume_after_s=tree.sleep.resume_after_s,
        keep_awake=tree.sleep.keep_awake,
        when=tree.when,
        telling=telling(tree.notifications),
    )


def telling(chosen: Notifications) -> Telling:
    """What may pop up: only what differs from the default is a wish of the volunteer's, the rest is habit."""
    usual = Notifications()
    pairs = (
        (Event.NEEDS_YOU, chosen.needs_you, usual.needs_you),
        (Event.FIRST_RESULT, chosen.first_result, usual.first_result),
        (Event.PAUSE_ENDS, chosen.pause_ends, usual.pause_ends),
        (Event.LONG_PAUSE, chosen.long_pause, usual.long_pause),
        (Event.WEEKLY_SUMMARY, chosen.weekly_summary, usual.weekly_summary),
        (Event.SECURITY_UPDATE, chosen.security_update, usual.security_update),
        (Event.PROJECT_NOTICE, chosen.project_notice, usual.project_notice),
    )
    return Telling(wishes={event: wish for event, wish, habit in pairs if wish is not habit}, a_day=chosen.per_day, a_week=chosen.per_week)
