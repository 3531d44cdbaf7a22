"""The status sentences: one for each key of `t4t.domain.session`."""

from __future__ import annotations

import time
from gettext import gettext
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from t4t.domain.session import SessionView, Why

STATUS: Final = {
    "working": "Working.",
    "gentle": "Working gently.",
    "gentle.disk": "Working gently: the disk is almost full.",
    "gentle.manual_pause": "Working gently.",
    "gentle.quitting": "Working gently.",
    "gentle.session_end": "Working gently.",
    "gentle.sleep": "Working gently.",
    "gentle.folder_gone": "Working gently.",
    "gentle.battery_low": "Working gently: the battery is low.",
    "paused_by_you.timed": "Paused by you until {until}.",
    "paused_by_you.open": "Paused by you.",
    "waiting": "Waiting.",
    "waiting.disk": "Waiting: the disk is almost full. It goes on by itself when there is space again.",
    "waiting.quitting": "Waiting.",
    "waiting.session_end": "Waiting: the session ends.",
    "waiting.sleep": "Waiting: the computer goes to sleep. It goes on by itself afterwards.",
    "waiting.folder_gone": "Waiting: the data folder can't be reached. It goes on by itself when it is there again.",
    "waiting.battery_low": "Waiting: the battery is low. It goes on by itself when it is charged.",
    "waiting.manual_pause": "Waiting.",
    "no_work": "No work right now.",
    "setting_up": "Getting ready.",
    "saving": "Saving work …",
    "needs_you": "Something needs your attention.",
}

TASK: Final = {
    "task.queued": "its turn has not come",
    "task.setting_up": "getting ready",
    "task.running": "running",
    "task.paused": "paused",
    "task.saving": "being saved",
    "task.saved": "saved",
    "task.resting": "resting, as it asked for",
    "task.recovering": "going back to its last good state",
    "task.finishing": "finishing",
    "task.trouble": "waiting for another try",
}

RULES: Final = {
    "base": "nothing holds it back",
    "manual_pause": "you paused it",
    "quitting": "the program is ending",
    "session_end": "the session ends",
    "sleep": "the computer goes to sleep",
    "folder_gone": "the data folder can't be reached",
    "disk": "free space on the disk",
    "battery_low": "the battery is low",
}


def when(moment: float, now: float) -> str:
    """A moment as a clock shows it; with the day if that is another."""
    there, here = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M" if there[:3] == here[:3] else "%Y-%m-%d %H:%M", there)


def status_sentence(view: SessionView, *, now: float) -> str:
    """One sentence for everything."""
    until = "" if view.next_change is None else when(view.next_change, now)
    return gettext(STATUS[view.sentence]).format(until=until)


def why_sentence(why: Why, *, now: float) -> str:
    """Why it is as it is, since when, and until when as far as that is known."""
    text = f"{why.level.value}: {gettext(RULES[why.deciding])}, since {when(why.since, now)}"
    return text if why.next_change is None else f"{text}, until {when(why.next_change, now)}"
