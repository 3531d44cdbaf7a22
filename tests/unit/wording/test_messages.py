"""What pops up, in words: total, one printable line each, and true."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scripted_engine import a_notice, a_view
from support.views import NOTICES, NOW
from t4t.domain.notification_policy import Event
from t4t.domain.session import MessageView
from t4t.wording import screen as words
from t4t.wording.messages import message
from t4t.wording.screen import Reader
from t4t.wording.tray import quit_or_pause, quit_saves

AT = Reader(NOW)
_DATA = st.dictionaries(
    st.sampled_from(["until", "since", "tasks", "seconds", "project", "text"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=400),
)


@given(st.builds(MessageView, key=st.just("k"), event=st.sampled_from(Event), at=st.floats(), notice=st.none() | NOTICES, data=_DATA))
def test_every_message_has_words(view: Any) -> None:
    said = message(view, AT)
    for text in (said.title, said.body, said.open, said.mute, said.prolong):
        assert text.replace("\N{NO-BREAK SPACE}", " ").isprintable()
    assert said.title
    assert len(said.title) < 200
    assert len(said.body) < 300
    assert bool(said.prolong) is (view.event is Event.PAUSE_ENDS)


@pytest.mark.parametrize(
    ("event", "data", "title", "body"),
    [
        (Event.FIRST_RESULT, {}, "Your first result", "Your computer has finished its first simulation for physics. Thank you!"),
        (Event.PAUSE_ENDS, {"until": NOW + 300}, "Your pause ends soon", f"The work goes on at {words.moment(NOW + 300, AT)}."),
        (Event.PAUSE_ENDS, {}, "Your pause ends soon", "The work goes on in a few minutes."),
        (Event.LONG_PAUSE, {"since": NOW - 8 * 86_400}, "Paused by you for 8 d 0 h", "Your work waits. This is the only reminder."),
        (Event.LONG_PAUSE, {}, "Paused by you for a long time", "Your work waits. This is the only reminder."),
        (Event.PROJECT_NOTICE, {"project": "LHC@home", "text": "Update VirtualBox."}, "News from LHC@home", "Update VirtualBox."),
        (Event.WEEKLY_SUMMARY, {"tasks": 1, "seconds": 7200.0}, "Your week", "1 task finished, 2 h of work. Thank you!"),
        (Event.WEEKLY_SUMMARY, {"tasks": 3}, "Your week", "3 tasks finished. Thank you!"),
        (Event.SECURITY_UPDATE, {"version": "1.2.0"}, "An update is ready", "Version 1.2.0. Help has more."),
        (Event.NEEDS_YOU, {}, "Something needs a look", "The details are in the log."),
    ],
)
def test_what_each_says(event: Event, data: dict[str, Any], title: str, body: str) -> None:
    said = message(MessageView(key="k", event=event, at=NOW, data=data), AT)
    assert (said.title, said.body) == (title, body)


def test_a_problem_is_told_with_its_own_words_and_its_page() -> None:
    said = message(MessageView(key="k", event=Event.NEEDS_YOU, at=NOW, notice=a_notice()), AT)
    assert (said.title, said.open) == ("Not enough disk space", "Open Computer")


def test_the_question_before_the_end() -> None:
    assert "about 6 seconds" in quit_saves(a_view(save_s=6.0))
    assert "second" not in quit_saves(a_view(save_s=float("nan")))
    assert "pause" in quit_or_pause()
