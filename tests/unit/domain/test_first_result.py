"""The way to the first result, out of any session."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from support.scripted_engine import a_task, a_view
from support.scripted_projects import a_project
from support.views import SESSIONS
from t4t.domain.first_result import Progress, Way, way_to
from t4t.domain.session import Activity, SessionView
from t4t.domain.vm import VmState


@given(SESSIONS, st.integers(0, 10))
def test_any_session_has_an_answer(view: SessionView, finished_before: int) -> None:
    found = way_to(view, finished_before=finished_before)
    assert 0.0 <= found.fraction <= 1.0
    assert (found.way in {Way.COUNT, Way.THERE}) == (view.finished > finished_before)


def test_each_stage() -> None:
    waiting = a_task(activity=Activity.QUEUED, vm=VmState.ABSENT, fraction=0.0)
    boots = a_task(activity=Activity.SETTING_UP, vm=VmState.STARTING, fraction=0.0)
    assert way_to(None, finished_before=0) == Progress(way=Way.FETCH)
    assert way_to(a_view(tasks=(waiting,)), finished_before=2).way is Way.FETCH
    assert way_to(a_view(tasks=(waiting, boots)), finished_before=2).way is Way.BOOT
    assert way_to(a_view(tasks=(a_task(fraction=0.25), a_task(fraction=0.5))), finished_before=2) == Progress(way=Way.COMPUTE, fraction=0.5)
    assert way_to(a_view(tasks=(a_task(fraction=7.0),)), finished_before=2).fraction == 1.0
    assert way_to(a_view(projects=(a_project(reporting=1),)), finished_before=1).way is Way.COUNT
    assert way_to(a_view(projects=(a_project(),)), finished_before=1).way is Way.THERE
