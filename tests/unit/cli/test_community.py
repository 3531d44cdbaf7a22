"""``t4t stats --community``: what is asked, what is printed, and what is said where something went wrong."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from t4t.cli import arguments, project_verbs
from t4t.domain.community import Community, CommunityView, Country, Standing
from t4t.domain.project_errors import MeteredLink, Unreachable
from t4t.domain.project_view import ProjectDetails, ProjectView
from t4t.domain.session import NoticeView

if TYPE_CHECKING:
    from t4t.cli.services import ProjectServices
    from t4t.domain.errors import T4TError

COUNTRIES = tuple(Country(name=f"C{number}\x1b", users=number, total=1e6, recent=1e3 - number) for number in range(12))
ALL = Community(
    at=1_795_000_000.0,
    users=78,
    with_credit=70,
    active=9,
    total=1.0,
    recent=1.0,
    new=(1,) * 90,
    countries=COUNTRIES,
    standing=Standing(total=1.0, recent=1.0, by_total=3, by_recent=2),
)
GONE = Unreachable(host="x", reason="gone")
TROUBLE = NoticeView(GONE.code, dataclasses.asdict(GONE))


@dataclass
class Doubled:
    """Projects, and what each says: first what is known, then the newest."""

    says: dict[str, list[CommunityView | T4TError]]
    asked: list[str] = field(default_factory=list)

    def projects(self) -> list[ProjectDetails]:
        return [ProjectDetails(project=ProjectView(url=url, name=url.upper())) for url in self.says]

    def community(self, project: str, *, fetch: bool, agreed: bool) -> CommunityView:
        self.asked.append(f"{project} {fetch} {agreed}")
        said = self.says[project][fetch]
        if isinstance(said, CommunityView):
            return said
        raise said


def say(services: Doubled, *words: str) -> None:
    args = arguments.parser().parse_args([*(word for word in words if word == "--json"), "stats", *(word for word in words if word != "--json")])
    assert project_verbs.run(args, cast("ProjectServices", services)) == 0


def test_what_is_fresh_is_shown_and_nobody_asked(capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled({"x": [CommunityView(community=ALL, fresh=True)]})
    say(services, "--community")
    out, err = capsys.readouterr()
    assert (services.asked, err) == (["x False False"], "")
    for part in (
        "78 volunteers, 70 with credit, 9 active",
        "number 2 by credit a day, and number 3",
        "7 days: 7; 30 days: 30; 90 days: 90",
        "C9",
        "and 2 more",
    ):
        assert part in out
    assert "C10" not in out
    assert "\x1b" not in out


def test_without_the_option_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled({"x": []})
    say(services)
    say(services, "--json")
    assert services.asked == []
    assert "community" not in capsys.readouterr().out


def test_what_is_old_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled({"x": [CommunityView(), CommunityView(community=msgspec.structs.replace(ALL, countries=COUNTRIES[:1], standing=None), fresh=True)]})
    say(services, "--community", "--agree")
    out, err = capsys.readouterr()
    assert services.asked == ["x False False", "x True True"]
    assert err == "X is asked for its statistics…\n"
    assert "You are not among them" in out
    assert "more countr" not in out


def test_the_last_one_is_shown_with_why_there_is_no_newer_one(capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled({"x": [CommunityView(community=ALL), CommunityView(community=ALL, trouble=TROUBLE)]})
    say(services, "--community", "--json")
    out, err = capsys.readouterr()
    assert "(T4T-NET-01)" in err
    (document,) = json.loads(out)
    assert (document["community"]["users"], document["community"]["fresh"], document["community"]["trouble"]) == (78, False, "T4T-NET-01")
    assert document["project"] == "X"


@pytest.mark.parametrize("words", [("--community",), ("--community", "--json")])
def test_one_project_that_fails_does_not_hide_the_other(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled(
        {"a": [CommunityView(), MeteredLink(file="user.gz", mib=7)], "b": [CommunityView(community=ALL, fresh=True)], "c": [CommunityView(), GONE]}
    )
    with pytest.raises(Unreachable):
        say(services, *words)
    out, err = capsys.readouterr()
    assert "t4t stats --community --agree" in err
    if "--json" in words:
        assert [one["community"] is None for one in json.loads(out)] == [True, False, True]
    else:
        assert out.count("78 volunteers") == 1


def test_without_projects(capsys: pytest.CaptureFixture[str]) -> None:
    say(Doubled({}), "--community")
    assert "no project yet" in capsys.readouterr().out
    say(Doubled({}), "--community", "--json")
    assert json.loads(capsys.readouterr().out) == []
