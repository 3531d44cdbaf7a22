"""The window's words: total, plain, and filled in as they should."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.scripted_engine import a_task, a_view
from support.scripted_projects import a_project, news
from support.views import NOW, SESSIONS, TASKS
from t4t.domain.diagnosis.findings import Status
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.vm import VmState
from t4t.gui.guest.follow import Stage
from t4t.wording import problems
from t4t.wording import window as words
from t4t.wording.notices import TEXTS
from t4t.wording.screen import Reader

if TYPE_CHECKING:
    from t4t.domain.session import SessionView, TaskView

AT = Reader(NOW)


def test_every_stage_and_state_has_words() -> None:
    assert all(all(words.guest(stage.value)) for stage in (*Stage,) if stage is not Stage.READY)
    assert len({words.status(status) for status in Status}) == len(Status)
    assert words.spoken_check("Memory", Status.OK, "16 GB") == "Memory: well. 16 GB"
    assert all(key and does for key, does in words.keyboard())


@pytest.mark.parametrize(("value", "said"), [(0.0, "–"), (-1.0, "–"), (float("nan"), "–"), (1e300, "–"), (5.4, "5"), (1_234_567.0, "1 234 567")])
def test_numbers(value: float, said: str) -> None:
    assert words.number(value).replace("\N{NARROW NO-BREAK SPACE}", " ") == said


def test_small_words() -> None:
    assert words.count(0) == "0"
    assert words.count(3) == "3"
    assert words.news_with(0) == words.spoken_news(0) == "News"
    assert words.spoken_news(1) == "News, 1 new notice"
    assert words.since(a_view(since=NOW + 60), AT) == ""
    assert words.since(a_view(since=NOW - 60), AT).startswith("since ")
    assert words.project_line(a_project()) == "LHC@home: 2 tasks, 1 being fetched"
    assert dict(words.project_facts(a_project(team="", next_request=NOW + 60), AT)).keys() == {"Account", "Its work here", "Asked again"}
    assert "Asked again" not in dict(words.project_facts(a_project(next_request=NOW - 60), AT))
    assert words.news_title(news()[0]) == "A new calculation begins (0)"
    assert words.went_wrong(NotEnoughDisk(path="/d", needed_mib=2, free_mib=1)).startswith("Not enough disk space. 2 MiB are needed in /d")
    assert words.report_saved("/r.txt") == "The report is in /r.txt. Nothing was sent."
    assert words.report_name().startswith("t4t-report-20")


def test_news_of_nobody_knows_when() -> None:
    import msgspec  # noqa: PLC0415 - one use

    item = news()[0]
    assert words.news_date(msgspec.structs.replace(item, time=1e18), "LHC@home", AT) == "LHC@home"
    assert words.news_date(item, "LHC@home", AT).endswith(" · LHC@home")
    assert words.news_title(msgspec.structs.replace(item, title="")) == "A notice"


@given(TASKS, st.sampled_from(["qemu", "virtualbox", "fake", "another"]))
def test_any_box_has_facts(task: TaskView, hypervisor: str) -> None:
    facts = words.box_facts(task, hypervisor, AT)
    assert facts[0][0] == "State"
    assert all(name and value and value.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ").isprintable() for name, value in facts)
    words.box_title(task)


def test_a_box_says_what_it_knows() -> None:
    facts = dict(words.box_facts(a_task(restarts=2, lost_s=600.0, last_checkpoint=NOW - 60, vm=VmState.UNKNOWN), "virtualbox", AT))
    assert facts["State"] == "being looked at"
    assert facts["Runs on"] == "VirtualBox"
    assert facts["Started anew"] == "2"
    assert facts["Work lost"] == "10 min"
    assert facts["Checkpoints"].startswith("3, the last one ")
    limited = dict(words.box_facts(a_task(cap_percent=50, measured_percent=48.3), "qemu", AT))
    assert limited["Processor limit"] == "50\N{NO-BREAK SPACE}% of each, measured 48\N{NO-BREAK SPACE}%"
    free = dict(words.box_facts(a_task(measured_percent=99.0), "qemu", AT))
    assert free["Processor limit"] == "none, measured 99\N{NO-BREAK SPACE}%"
    assert dict(words.box_facts(a_task(cap_percent=50), "qemu", AT))["Processor limit"] == "50\N{NO-BREAK SPACE}% of each"
    bare = dict(words.box_facts(a_task(memory_mib=0, cores=0, elapsed_s=0.0, cpu_s=0.0), "", AT))
    assert bare.keys() == {"State", "Checkpoints"}


@given(SESSIONS)
def test_any_session_has_a_beginning_or_none(view: SessionView) -> None:
    assert words.since(view, AT).isprintable()


# --- problems --------------------------------------------------------------------------------------------------------


def test_every_error_is_found_by_its_code_and_shows_no_field() -> None:
    found = problems.search("t4t")
    assert {problem.code for problem in found} == set(TEXTS)
    assert [problems.search(code)[0].code for code in problems.COMMON] == list(problems.COMMON)
    for problem in found:
        told = (problem.title, problem.body, *problem.remedies)
        assert not any(field for text in told for _, field, _, _ in string.Formatter().parse(text) if field is not None)


def test_titles_come_first() -> None:
    found = [problem.code for problem in problems.search("disk")]
    assert found[:2] == ["T4T-DISK-01", "T4T-DISK-02"]
    assert len(found) > 3


def test_nothing_is_asked_nothing_is_found() -> None:
    assert problems.search("  …") == []
    assert problems.search("unheard of") == []
    assert [problem.code for problem in problems.common()] == list(problems.COMMON)


@settings(max_examples=30)
@given(st.text(max_size=30))
def test_anything_can_be_searched_for(text: str) -> None:
    assert len(problems.search(text)) <= len(TEXTS)
