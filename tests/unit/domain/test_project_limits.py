"""A project's own preferences: how many of its tasks at a time, and on how many processors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.loose_xml import MAX_DEPTH
from t4t.domain.project_limits import NO_LIMITS, ProjectLimits, read_project_limits

RECORDED = Path(__file__).parents[2] / "fixtures" / "boinc" / "sched.user_max_jobs_reached.response"
XML = """<project_preferences><resource_share>5</resource_share><project_specific><max_jobs>2</max_jobs><max_cpus>4</max_cpus></project_specific>
<venue name="home"><project_specific><max_jobs>1</max_jobs></project_specific></venue><venue name="work"><resource_share>1</resource_share></venue>
</project_preferences>"""
GENERAL = ProjectLimits(max_jobs=2, max_cpus=4)


def test_a_recorded_reply() -> None:
    found = re.search(r"<project_preferences>.*</project_preferences>", RECORDED.read_text(errors="replace"), re.DOTALL)
    assert found
    assert read_project_limits(found[0]).max_jobs == 1


def test_the_general_part_and_venues() -> None:
    assert read_project_limits(XML) == read_project_limits(XML, "school") == GENERAL
    assert read_project_limits(XML, "home") == ProjectLimits(max_jobs=1)
    assert read_project_limits(XML, "work") == GENERAL  # it says nothing of its own


@pytest.mark.parametrize("text", ["", "<project_preferences/>", "<x>" * (MAX_DEPTH + 1), "<project_preferences><max_jobs>3</max_jobs></project_preferences>"])
def test_what_says_nothing_limits_nothing(text: str) -> None:
    assert read_project_limits(text) == NO_LIMITS


@pytest.mark.parametrize("number", ["0", "-1", "no", "", "nan", "inf", "1e999", "0.5"])
def test_what_can_not_be_right_limits_nothing(number: str) -> None:
    assert read_project_limits(f"<project_specific><max_jobs>{number}</max_jobs><max_cpus>{number}</max_cpus></project_specific>") == NO_LIMITS


@given(st.text(max_size=200), st.text(max_size=5))
def test_anything_can_be_read(text: str, venue: str) -> None:
    limits = read_project_limits(text, venue)
    assert min(limits.max_jobs, limits.max_cpus) >= 0


@given(st.integers(0, 10), st.integers(0, 10), st.integers(1, 64), st.integers(0, 20))
def test_limits_only_ever_take_away(jobs: int, cpus: int, given_: int, held: int) -> None:
    limits = ProjectLimits(max_jobs=jobs, max_cpus=cpus)
    assert 1 <= limits.cores(given_) <= given_
    assert 1 <= limits.lanes(given_) <= given_
    assert limits.cores(given_) <= cpus or not cpus
    assert limits.lanes(given_) <= jobs or not jobs
    assert limits.is_full(held) == (0 < jobs <= held)


@given(st.integers(0, 6), st.lists(st.booleans(), max_size=8))
def test_who_has_begun_goes_on_and_others_only_within_the_limit(jobs: int, begun: list[bool]) -> None:
    tasks = {str(number): one for number, one in enumerate(begun)}
    out = ProjectLimits(max_jobs=jobs).handed_out(tasks, tasks)
    assert list(out) == [task for task in tasks if task in out]  # their order is kept
    assert {task for task, has in tasks.items() if has} <= set(out)
    if jobs:
        assert len(out) == min(len(tasks), max(jobs, sum(begun)))
    else:
        assert out == tuple(tasks)
