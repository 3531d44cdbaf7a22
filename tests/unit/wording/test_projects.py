"""The words on projects: for any project something is said, and nothing that commands a terminal."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.views import NOW, PROJECTS
from t4t.domain.no_work import NoWork
from t4t.domain.project_view import ProjectView
from t4t.wording.projects import all_in_short, in_short, lines, why

SMALL = ProjectView(url="u", name="Small", user="V", held=1, user_total=1234.0)


@given(PROJECTS)
def test_any_project_can_be_shown(view: Any) -> None:
    shown = list(lines(view, NOW))
    assert shown[0].startswith(view.name)
    assert all(shown)
    assert 0 < len(in_short(view, NOW)) <= 250
    assert in_short(view, NOW).isprintable()
    assert all(why(view, NOW))


@given(st.lists(PROJECTS, max_size=3))
def test_all_projects_in_one_line(views: Any) -> None:
    assert bool(all_in_short(views, NOW)) == bool(views)


def test_what_is_done() -> None:
    assert in_short(SMALL, NOW) == "Small: 1 task, credit 1,234"
    assert list(why(SMALL, NOW)) == []
    assert all_in_short((SMALL, SMALL), NOW) == "2 projects, 2 tasks"


def test_a_network_that_costs_is_said_with_what_lets_files_go() -> None:
    (line,) = why(ProjectView(url="u", name="Small", metered=True), NOW)
    assert "costs by the byte" in line
    assert "transfers.metered" in line


def test_why_there_is_no_work() -> None:
    reasons = (NoWork.NO_VIRTUALBOX.value, NoWork.DISK.value, "a_reason_of_a_later_version")
    view = ProjectView(url="u", name="Small", no_work_since=NOW, no_work=reasons, said=("Sorry\x1b!",), next_request=NOW + 60, trouble="T4T-NET-01")
    said = "\n".join(why(view, NOW))
    for part in ("No work since", "needs VirtualBox", "disk space", "did not say why", "It says: “Sorry", "No connection (T4T-NET-01).", "asked again at"):
        assert part in said
    assert in_short(view, NOW).startswith("Small: no work since")
    assert "Something does not work (T4T-NEW-99)." in list(why(ProjectView(url="u", name="S", trouble="T4T-NEW-99"), NOW))


def test_what_the_account_allows_is_said_with_where_it_can_be_changed() -> None:
    def said(**limits: int) -> list[str]:
        return list(lines(ProjectView(url="u", name="Small", **limits), NOW))[2:]  # type: ignore[arg-type]  # fields by name

    assert said() == []
    assert said(max_jobs=1) == ["at most 1 task at a time (set in your account, on the project’s page)"]
    assert said(max_jobs=2, max_cpus=4) == ["at most 2 tasks at a time, 4 processors each (set in your account, on the project’s page)"]
