"""What tray and window say: total, true, and never a word out of the program's inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scripted_engine import a_notice, a_task, a_view
from support.views import NOTICES, NOW, RULE_VIEWS, SESSIONS, TASKS
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.policy import RULES, Level, PauseKind
from t4t.domain.session import Activity, NoticeView, RuleView, TrayState
from t4t.domain.vm import VmState
from t4t.wording import commands
from t4t.wording import screen as words
from t4t.wording.screen import Reader, RuleText

AT = Reader(NOW)
_INSIDE = re.compile(r"T4T-|VERR_|[a-z]_[a-z]|\{|\}|\bNone\b|\bnan\b|\binf\b|TrayState|Level\.")
_BLAME = re.compile(r"\b(your fault|you failed|you forgot|wrongly|invalid|illegal|mistake|stupid|must not)\b", re.IGNORECASE)
_BLANK = a_view(tasks=())


def _is_printable(text: str) -> bool:
    return text.replace("\N{NO-BREAK SPACE}", " ").isprintable()


def _is_fit_to_print(text: str) -> bool:
    return _is_printable(text) and not _INSIDE.search(text) and not _BLAME.search(text)


@given(SESSIONS)
def test_every_session_has_a_sentence(view: Any) -> None:
    view = type(view)(**{field: getattr(view, field) for field in view.__struct_fields__} | {"tasks": (), "notices": ()})
    said = words.said(view, AT)
    assert said.sentence
    assert _is_fit_to_print(said.sentence)
    assert _is_fit_to_print(said.detail)


@given(SESSIONS)
def test_other_peoples_words_stay_one_printable_line(view: Any) -> None:
    said = words.said(view, AT)
    assert _is_printable(said.sentence + said.detail)
    assert len(said.sentence) < 200


@given(TASKS)
def test_every_task_has_a_line(view: Any) -> None:
    task = words.task(view, AT)
    assert task.doing
    assert _is_fit_to_print(task.doing + task.progress)
    assert task.name.isprintable()
    assert 0 <= task.fraction <= 1
    assert words.spoken_task(task)


@given(RULE_VIEWS)
def test_every_rule_has_a_line(view: RuleView) -> None:
    rule = words.rule(view)
    assert rule.title
    assert rule.holds is view.holds
    ours = "" if view.id == "programs" else rule.value  # the names of programs are other people's words
    assert _is_fit_to_print(rule.title + ours)
    assert _is_printable(rule.value)
    assert rule.title in words.spoken_rule(rule)


@given(NOTICES)
def test_every_notice_can_be_read(view: Any) -> None:
    told = words.read(view)
    assert told.title
    assert told.body


def test_every_rule_of_ours_has_words_of_its_own() -> None:
    titles = {words.rule(RuleView(id=rule.id, value=None, limit=None, holds=holds)).title for rule in RULES for holds in (False, True)}
    assert len(titles) == 2 * len(RULES)
    assert words.rule(RuleView(id="other", value=None, limit=None, holds=True)).title not in titles


def test_a_rule_shows_what_it_sees() -> None:
    disk = RuleView(id="disk", value=3 << 30, limit=2 << 30, holds=False)
    assert words.rule(disk) == RuleText("Enough space on the disk", "3.0 GB free, 2.0 GB needed", holds=False)
    assert words.rule(RuleView(id="manual_pause", value="1h", limit=None, holds=True)) == RuleText("Paused by you", "For 1 hour", holds=True)
    assert words.rule(RuleView(id="later", value=4, limit=None, holds=True)).value == "4"
    for value, limit in ((None, 1), (1, None), (True, 1), (-1, 1), (1, -1), (1 << 80, 1)):
        assert words.rule(RuleView(id="disk", value=value, limit=limit, holds=True)) == RuleText("The disk is almost full", "", holds=True)


def test_the_end_of_the_program_is_a_rule_only_when_it_comes() -> None:
    views = [RuleView(id="quitting", value=None, limit=None, holds=holds) for holds in (False, True)]
    assert words.rules(views) == [words.rule(views[1])]


@pytest.mark.parametrize(
    ("changes", "sentence", "detail"),
    [
        ({}, "Working: 62\N{NO-BREAK SPACE}% done, 2 cores", "theory_2279-3861"),
        ({"tasks": (a_task(cores=1),)}, "Working: 62\N{NO-BREAK SPACE}% done, 1 core", "theory_2279-3861"),
        ({"tasks": (a_task(), a_task(fraction=0.38))}, "Working: 50\N{NO-BREAK SPACE}% done, 4 cores", "2 tasks"),
        ({"tasks": ()}, "Working", ""),
        ({"state": TrayState.GENTLE, "tasks": ()}, "Working slowly", ""),
        ({"finishing": True, "tasks": ()}, "Finishing the current work, then pausing", ""),
        ({"state": TrayState.PAUSED_BY_YOU, "tasks": ()}, "Paused by you", ""),
        (
            {"state": TrayState.PAUSED_BY_YOU, "level": Level.PAUSED, "tasks": (a_task(activity=Activity.PAUSED, vm=VmState.PAUSED),)},
            "Paused by you",
            "Your work is kept in memory.",
        ),
        (
            {"state": TrayState.PAUSED_BY_YOU, "level": Level.SAVED, "tasks": (a_task(activity=Activity.SAVED, vm=VmState.SAVED),)},
            "Paused by you",
            "Your work is saved.",
        ),
        ({"state": TrayState.WAITING, "deciding": "disk"}, "Waiting: the disk is almost full", "It goes on by itself when there is space again."),
        ({"state": TrayState.WAITING, "deciding": "new"}, "Waiting: one of your rules holds the work back", "“Why?” shows which one."),
        ({"state": TrayState.NO_WORK}, "No work right now", "It starts by itself as soon as there is some."),
        ({"state": TrayState.SETTING_UP}, "Getting the next work ready", "theory_2279-3861"),
        ({"state": TrayState.SAVING, "save_s": 1.2}, "Saving the work: about 1 second", ""),
        ({"state": TrayState.SAVING, "save_s": 0.0}, "Saving the work", ""),
        ({"state": TrayState.NEEDS_YOU}, "One thing needs your attention", ""),
        ({"state": TrayState.NEEDS_YOU, "notices": (a_notice(), a_notice())}, "2 things need your attention", "Not enough disk space · Not enough disk space"),
        (
            {"state": TrayState.NEEDS_YOU, "notices": (a_notice(),)},
            "One thing needs your attention: Not enough disk space",
            "2048 MiB are needed in /data, and 900 MiB are free.",
        ),
    ],
)
def test_sentences(changes: dict[str, Any], sentence: str, detail: str) -> None:
    said = words.said(a_view(**changes), AT)
    assert (said.sentence, said.detail) == (sentence, detail)


def test_a_pause_says_until_when() -> None:
    at = datetime(2026, 11, 22, 14, 0).astimezone()
    reader = Reader(at.timestamp())
    until = {1: "15:00", 20: "tomorrow at 10:00", 60: "2026-11-25, 02:00"}
    for hours, text in until.items():
        assert words.moment(reader.now + hours * 3600, reader) == text
        view = a_view(state=TrayState.PAUSED_BY_YOU, next_change=reader.now + hours * 3600)
        assert words.said(view, reader).sentence == f"Paused by you until {text}"
    held = a_view(state=TrayState.WAITING, deciding="disk", next_change=reader.now + 60)
    assert words.said(held, reader).detail == "It goes on at 14:01 at the earliest."
    assert words.moment(reader.now, Reader(reader.now, lambda _: "2 PM")) == "2 PM"
    assert words.moment(1e18, reader) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "less than a minute"), (59, "less than a minute"), (60, "1 min"), (61, "2 min"), (3600, "1 h"), (3601, "1 h 1 min"), (86_400, "1 d 0 h"), (-1, "")],
)
def test_spans(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


@given(st.floats())
def test_a_span_is_never_shorter_than_it_is(seconds: float) -> None:
    assert bool(words.time_left(seconds)) == bool(words.span(seconds))
    if words.span(seconds):
        assert seconds >= 0


def test_a_task_that_is_tried_again_says_when() -> None:
    trouble = a_task(activity=Activity.TROUBLE, retry_at=NOW + 60, last_checkpoint=NOW - 60)
    then = words.moment(NOW + 60, AT)
    assert words.task(trouble, AT).doing == f"had a problem and is tried again at {then}"
    assert words.task(a_task(activity=Activity.TROUBLE, retry_at=NOW - 60), AT).doing == "had a problem and is tried again"
    assert words.task(trouble, AT).progress == f"62\N{NO-BREAK SPACE}% · 1 h 13 min of work · checkpoint {words.moment(NOW - 60, AT)}"
    limited = a_task(fraction=0.5, elapsed_s=1, cap_percent=50, measured_percent=48.2)
    assert words.task(limited, AT).progress == "50\N{NO-BREAK SPACE}% · limit 50\N{NO-BREAK SPACE}%, measured 48\N{NO-BREAK SPACE}%"
    assert words.task(a_task(fraction=float("nan"), elapsed_s=1), AT).progress == "0\N{NO-BREAK SPACE}%"


def test_commands_have_words() -> None:
    assert len({commands.pause_label(kind) for kind in PauseKind}) == len(PauseKind)
    assert words.refused(NotEnoughDisk(path="/d", needed_mib=2, free_mib=1)).startswith("Not enough disk space. ")
    for text in (words.connecting().sentence, words.gone().sentence, words.no_tray(), words.no_screen(), words.tasks_title(), words.no_tasks()):
        assert _is_fit_to_print(text)
    assert words.spoken_pause("Pause", "Working").startswith("Pause, ")
    assert commands.start_label() != words.not_running()
    assert datetime.fromtimestamp(NOW, UTC).year == 2026


@pytest.mark.parametrize(
    "view",
    [
        NoticeView(code="T4T-NEW-99", data={}),
        NoticeView(code="T4T-DISK-01", data={"another": 1}),
        NoticeView(code="T4T-HV-04", data={"command": "start", "vm": "a", "seconds": "soon"}),
    ],
    ids=["another code", "other data", "data of another kind"],
)
def test_what_a_newer_agent_says_is_told_in_general_words(view: NoticeView) -> None:
    told = words.read(view)
    assert (told.code, told.title) == (view.code, "Something needs a look")


def test_a_notice_of_ours_has_its_own_words() -> None:
    assert words.read(a_notice()).title == "Not enough disk space"
