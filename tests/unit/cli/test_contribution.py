"""``t4t contribution`` and ``t4t boards``: lines for people, documents and tables for programs."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from support.scripted_projects import a_project, credit, some_boards, team_credit
from t4t.cli import arguments, project_verbs, verbs
from t4t.domain.boards import BoardsView
from t4t.domain.contribution import Contribution, WorkDay
from t4t.domain.project_errors import Unreachable
from t4t.domain.project_view import ProjectDetails
from t4t.domain.session import NoticeView

if TYPE_CHECKING:
    from t4t.cli.services import ProjectServices, Services

TODAY = datetime.now(UTC).astimezone().date()
WORK = Contribution(
    since=(TODAY - timedelta(days=3)).isoformat(),
    days=(
        WorkDay(day=(TODAY - timedelta(days=2)).isoformat(), collisions=41_300, cpu_s=5400.0, tasks=2, kwh=0.31, estimated=True),
        WorkDay(day=TODAY.isoformat(), collisions=700, cpu_s=360.0),
    ),
)
GONE = Unreachable(host="x", reason="gone")


@dataclass
class Told:
    """What the program says."""

    work: Contribution = WORK
    known: list[ProjectDetails] = field(default_factory=list)
    views: list[BoardsView] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def contribution(self) -> Contribution:
        return self.work

    def of_projects(self) -> Told:
        return self

    def projects(self) -> list[ProjectDetails]:
        return self.known

    def boards(self, project: str, *, fetch: bool) -> BoardsView:
        self.asked.append(f"{project} {fetch}")
        return self.views.pop(0)


def run(*words: str, told: Told) -> int:
    return verbs.run(arguments.parser().parse_args(words), cast("Services", told))


def test_days_weeks_and_all_together(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(known=[ProjectDetails(project=a_project(), credit=credit(4), team=team_credit(4))])
    assert run("contribution", told=told) == 0
    head, *lines, below = capsys.readouterr().out.splitlines()
    assert head.split() == ["collisions", "hours", "kWh", "tasks", "credit", "here", "credit", "team"]
    assert [line.split()[0] for line in lines] == [(TODAY - timedelta(days=back)).isoformat() for back in (3, 2, 1, 0)]
    assert lines[1].split()[1:5] == ["41,300", "1.5", "~0.31", "2"]
    assert lines[-1].split()[1:3] == ["700", "0.1"]
    assert len({len(line) for line in (head, *lines)}) == 1, "columns stand below each other"
    assert below.startswith(f"Counted on this computer since {WORK.since}. Partly estimated")
    assert run("contribution", "--by", "all", told=told) == 0
    assert "42,000" in capsys.readouterr().out.splitlines()[1]
    assert run("contribution", "--last", "1", told=told) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_nothing_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("contribution", told=Told(work=Contribution())) == 0
    head, line, below = capsys.readouterr().out.splitlines()
    assert line.split() == [TODAY.isoformat(), *["0"] * 7]
    assert below == "The projects count credit in days of UTC, since they were first asked from here."
    assert head


@pytest.mark.parametrize("by", ["day", "week", "month", "all"])
def test_the_document(capsys: pytest.CaptureFixture[str], by: str) -> None:
    assert run("--json", "contribution", "--by", by, told=Told()) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["since"], document["by"]) == (WORK.since, by)
    assert sum(line["collisions"] for line in document["lines"]) == 42_000
    assert document["lines"][-1]["last"] == TODAY.isoformat()
    assert run("--json", "contribution", told=Told(work=Contribution())) == 0
    assert json.loads(capsys.readouterr().out)["since"] is None


def test_a_table_for_other_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("contribution", "--csv", told=Told(known=[ProjectDetails(project=a_project(), credit=credit(), team=team_credit())])) == 0
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(read) == 40
    assert read[-1]["collisions"] == "700"
    assert sum(float(line["credit_team"]) for line in read) == 19 * 5100.0


@pytest.mark.parametrize("number", ["0", "3651", "x"])
def test_numbers_of_lines(number: str) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["contribution", "--last", number])


# --- message boards --------------------------------------------------------------------------------------------------


def boards(*words: str, told: Told) -> None:
    args = arguments.parser().parse_args([*(word for word in words if word == "--json"), "boards", *(word for word in words if word != "--json")])
    assert project_verbs.run(args, cast("ProjectServices", told)) == 0


def test_threads_and_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(views=[BoardsView(boards=some_boards(), fresh=True)])
    boards("LHC@home", told=told)
    out, err = capsys.readouterr()
    assert (told.asked, err) == (["LHC@home False"], "")
    for part in ("Newest first, as of ", "How long does a Theory task take here?\n  Theory Application · ", "forum_thread.php?id=7"):
        assert part in out


def test_they_are_read_where_they_are_old_and_what_went_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(views=[BoardsView(), BoardsView(boards=some_boards(threads=()), trouble=NoticeView(GONE.code, dataclasses.asdict(GONE)))])
    boards("--json", told=told)
    out, err = capsys.readouterr()
    assert told.asked == [" False", " True"]
    assert err.startswith("The message boards are read…\n")
    assert GONE.code in err
    assert (json.loads(out)["threads"], json.loads(out)["trouble"]) == ([], GONE.code)
    for view, said in (
        (BoardsView(boards=some_boards(boards=0, threads=()), fresh=True), "This project has no message boards.\n"),
        (BoardsView(boards=some_boards(threads=()), fresh=True), "Nobody has written in the last 30 days.\n"),
    ):
        boards(told=Told(views=[view]))
        assert capsys.readouterr().out == said
    for option, said in (("--json", "null\n"), ("x", "")):
        boards(option, told=Told(views=[BoardsView(), BoardsView()]))
        assert capsys.readouterr().out == said
