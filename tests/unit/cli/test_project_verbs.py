"""Verbs on projects at a terminal and without one: what is asked, what is read, and that no secret is ever shown."""

from __future__ import annotations

import argparse
import getpass
import io
import json
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pytest

from t4t.cli import arguments, project_verbs, verbs
from t4t.domain.credit import CreditDay
from t4t.domain.project import ProjectConfig, Team
from t4t.domain.project_errors import AnswerMissing, KeyFileLocked, KeyringMissing, ProjectDown
from t4t.domain.project_view import Keep, NewsView, ProjectDetails, ProjectView
from t4t.domain.signup import OtherAccount, ProjectOffer, Signup, Way

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.cli.services import MachineOptions, Services

CONFIG = ProjectConfig(name="Small", master_url="https://x/", min_passwd_length=6, terms_of_use="be kind\n& fair", invite_code_required=True)
VIEW = ProjectView(url="https://x/", name="Small", user="V")
NEWS = (NewsView(id="1", title="", text="new", time=0.0, links=("https://x/1",)), NewsView(id="2", title="old", text="", time=0.0, read=True))
OTHER = OtherAccount(user_name="Vee", key="0" * 32)
SECRET = "long enough"  # noqa: S105 (of no use)


@dataclass
class Doubled:
    """What the verbs need, with what was asked of it."""

    found: ProjectOffer = field(default_factory=lambda: ProjectOffer(config=CONFIG))
    signup: Signup | None = None
    kept: list[tuple[str, Keep, str]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    read: tuple[str, ...] = ()
    keyring: bool = True
    closed: bool = False
    shown: list[ProjectDetails] = field(default_factory=list)

    def offer(self, address: str) -> ProjectOffer:
        assert address == "https://x/"
        return self.found

    def account_key(self, found: ProjectOffer, signup: Signup) -> str:
        assert found is self.found
        self.signup = signup
        return "key"

    def attach(self, _found: ProjectOffer, key: str, keep: Keep, passphrase: str) -> ProjectDetails:
        if keep is Keep.KEYRING and not self.keyring:
            raise KeyringMissing(reason="none")
        self.kept.append((key, keep, passphrase))
        return ProjectDetails(project=VIEW)

    def projects(self) -> list[ProjectDetails]:
        return self.shown

    def teams(self, project: str, name: str) -> list[Team]:
        assert project == "https://x/"
        return [Team(name=f"{name} too", total_credit=1.0), Team(name=name, total_credit=5000.0)]

    def update(self, project: str, passphrase: str) -> ProjectDetails:
        self._open(passphrase)
        assert project == ""
        return ProjectDetails(project=replace_view(no_work_since=0.0, no_work=("memory", "a newer word"), next_request=1.0, ended=True, moved_to="https://y/"))

    def detach(self, project: str, passphrase: str, *, force: bool) -> str:
        self._open(passphrase)
        return f"{project} {force}"

    def _open(self, passphrase: str) -> None:
        if self.closed and not passphrase:
            raise KeyFileLocked(path="keys.json")
        self.opened.append(passphrase)

    def locked(self) -> bool:
        return self.closed

    def unlock(self, passphrase: str) -> None:
        self.opened.append(passphrase)

    def mark_read(self, ids: tuple[str, ...]) -> None:
        self.read = ids

    def of_projects(self) -> Doubled:
        return self

    def run_agent(self, _options: MachineOptions, *, tasks: int | None, once: bool, tray: bool, passphrase: str) -> None:
        self.opened.append(f"{passphrase} {tasks} {once} {tray}")


def replace_view(**changes: object) -> ProjectView:
    return ProjectView(**({"url": "https://x/", "name": "Small"} | changes))  # type: ignore[arg-type]  # fields by name


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed unseen, in turn."""
    answers: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda _prompt, stream: answers.pop(0) if stream else "")
    return answers


def say(services: Doubled, monkeypatch: pytest.MonkeyPatch, *words: str, given: str = "", terminal: bool = False) -> int:
    monkeypatch.setattr(sys, "stdin", Terminal(given) if terminal else io.StringIO(given))
    return verbs.run(arguments.parser().parse_args(words), cast("Services", services))


def test_a_new_account_at_a_terminal(monkeypatch: pytest.MonkeyPatch, typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled()
    typed += [SECRET, "another", SECRET, SECRET]
    assert say(services, monkeypatch, "attach", "https://x/", "--create", given="y\ncode\nv@example.org\nV\n", terminal=True) == 0
    assert services.signup == Signup(way=Way.CREATE, email="v@example.org", name="V", password=SECRET, invite_code="code", consent=True)
    assert services.kept == [("key", Keep.KEYRING, "")]
    out, err = capsys.readouterr()
    assert "be kind" in err
    assert "& fair" in err
    assert "at least 6" not in out
    assert "These are not the same." in err
    assert SECRET not in out + err
    assert "Attached to Small." in out


def test_terms_that_are_not_accepted_are_said_by_the_projects_rule(monkeypatch: pytest.MonkeyPatch, typed: list[str]) -> None:
    services = Doubled()
    typed += [SECRET, SECRET]
    say(services, monkeypatch, "attach", "https://x/", "--create", "--invite", "c", "--email", "e", "--name", "n", given="no\n", terminal=True)
    assert services.signup is not None
    assert not services.signup.consent


def test_a_new_account_from_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Doubled()
    words = ("attach", "https://x/", "--create", "--email", "v@x", "--name", "V", "--invite", "c", "--team", "T", "--accept-terms", "--password-stdin")
    assert say(services, monkeypatch, "--json", *words, "--passphrase-stdin", given=f"{SECRET}\nopens\n") == 0
    assert services.signup == Signup(way=Way.CREATE, email="v@x", name="V", password=SECRET, invite_code="c", team="T", consent=True)
    assert services.kept == [("key", Keep.FILE, "opens")]


def test_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Doubled()
    assert say(services, monkeypatch, "attach", "https://x/", "--key-stdin", "--keep", "run", given="0123\n") == 0
    assert services.signup == Signup(way=Way.KEY, key="0123")
    assert services.kept == [("key", Keep.RUN, "")]


@pytest.mark.parametrize(("words", "given", "terminal"), [((), "y\n", True), (("--from-boinc",), "", False)])
def test_the_account_of_another_client(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], given: str, terminal: bool) -> None:  # noqa: FBT001 - a column
    services = Doubled(ProjectOffer(config=CONFIG, other=OTHER, runs_beside=True))
    assert say(services, monkeypatch, "attach", "https://x/", *words, given=given, terminal=terminal) == 0
    assert services.signup == Signup(way=Way.OTHER_CLIENT)


def test_running_twice_is_warned_of(monkeypatch: pytest.MonkeyPatch, typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled(ProjectOffer(config=CONFIG, other=OTHER, runs_beside=True))
    typed.append(SECRET)
    assert say(services, monkeypatch, "attach", "https://x/", given="n\nv@x\n", terminal=True) == 0
    assert services.signup == Signup(way=Way.LOG_IN, email="v@x", password=SECRET)
    assert "twice the memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ((), ""),
        (("--email", "v@x"), ""),
        (("--email", "v@x", "--password-stdin"), "\n"),
        (("--key-stdin",), ""),
        (("--from-boinc",), ""),
        (("--create", "--invite", "c", "--email", "v@x"), ""),
        (("--create",), ""),
        (("--key-stdin", "--keep", "file"), "key\n"),
    ],
)
def test_what_nobody_can_be_asked_is_missing(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], given: str) -> None:
    services = Doubled()
    with pytest.raises(AnswerMissing):
        say(services, monkeypatch, "attach", "https://x/", *words, given=given)
    assert services.kept == []


def test_an_empty_answer_is_none(monkeypatch: pytest.MonkeyPatch, typed: list[str]) -> None:
    typed.append("")
    with pytest.raises(AnswerMissing):
        say(Doubled(), monkeypatch, "attach", "https://x/", "--email", "v@x", terminal=True)
    with pytest.raises(AnswerMissing):
        say(Doubled(), monkeypatch, "attach", "https://x/", given="\n", terminal=True)


def test_a_project_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProjectDown):
        say(Doubled(ProjectOffer(config=replace(CONFIG, web_stopped=True))), monkeypatch, "attach", "https://x/")


@pytest.mark.parametrize(("answer", "keep", "passphrase"), [("y\n", Keep.FILE, "opens"), ("n\n", Keep.RUN, "")])
def test_without_a_keyring_somebody_decides(monkeypatch: pytest.MonkeyPatch, typed: list[str], answer: str, keep: Keep, passphrase: str) -> None:
    services = Doubled(keyring=False, closed=keep is Keep.FILE)
    typed += [SECRET, "opens"]
    assert say(services, monkeypatch, "attach", "https://x/", "--email", "v@x", given=answer, terminal=True) == 0
    assert services.kept == [("key", keep, passphrase)]


def test_without_a_keyring_and_anybody_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyringMissing):
        say(Doubled(keyring=False), monkeypatch, "attach", "https://x/", "--key-stdin", given="key\n")


def test_leaving_and_asking(monkeypatch: pytest.MonkeyPatch, typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled()
    assert say(services, monkeypatch, "detach", "x", "--force") == 0
    assert say(services, monkeypatch, "--json", "detach") == 0
    assert say(services, monkeypatch, "update") == 0
    out = capsys.readouterr().out
    for expected in (
        "Detached from x True.",
        '"detached": " False"',
        "No work since",
        "more memory",
        "did not say why",
        "has ended",
        "https://y/",
        "at the earliest",
    ):
        assert expected in out
    services.closed = True
    with pytest.raises(KeyFileLocked):
        say(services, monkeypatch, "update")
    assert say(services, monkeypatch, "update", "--passphrase-stdin", given="opens\n") == 0
    typed.append("opens")
    assert say(services, monkeypatch, "detach", terminal=True) == 0
    assert say(services, monkeypatch, "unlock", "--passphrase-stdin", given="opens\n") == 0
    assert services.opened == ["", "", "", "opens", "opens", "opens"]


def test_credit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    days = tuple(CreditDay(day=20000 + day, at=0.0, user_total=100.0 * day, user_recent=1.0, host_total=10.0 * day, host_recent=1.0) for day in range(4))
    services = Doubled(shown=[ProjectDetails(project=replace_view(user_total=300.0, team="T"), credit=days), ProjectDetails(project=VIEW)])
    assert say(services, monkeypatch, "stats", "--team") == 0
    out = capsys.readouterr().out
    for part in ("Small", "300.0   now about 0.0 a day", "team T", "5,000.0", "2024-10-04", "2024-10-07", "+100.0, this computer +10.0"):
        assert part in out
    assert say(services, monkeypatch, "--json", "stats", "--days", "2") == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["team"] is None
    assert first["days"] == [{"day": f"2024-10-0{day}", "user": 100.0, "host": 10.0, "total": 100.0 * (day - 4)} for day in (6, 7)]
    assert second["days"] == []
    assert say(Doubled(), monkeypatch, "stats") == 0
    assert "no project yet" in capsys.readouterr().out


def test_all_projects(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    services = Doubled()
    assert say(services, monkeypatch, "projects") == 0
    assert "no project yet" in capsys.readouterr().out
    busy = replace_view(held=3, fetching=1, sending=1, reporting=1, team="T", unread=1)
    services.shown = [ProjectDetails(project=busy, news=NEWS), ProjectDetails(project=VIEW)]
    assert say(services, monkeypatch, "--json", "projects") == 0
    assert [one["project"]["name"] for one in json.loads(capsys.readouterr().out)] == ["Small", "Small"]
    assert not services.read
    assert say(services, monkeypatch, "projects") == 0
    out = capsys.readouterr().out
    for expected in (
        "team T",
        "3 tasks, 1 being fetched, 1 upload waiting, 1 to be reported",
        "* 1970-01-01  new",
        "https://x/1",
        "  1970-01-01  old",
        "1 new notice",
    ):
        assert expected in out
    assert services.read == ("1",)


@dataclass(frozen=True)
class Begin:
    closed: bool
    words: tuple[str, ...]
    given: str
    terminal: bool
    opened: str


@pytest.mark.parametrize(
    "case",
    [
        Begin(closed=False, words=(), given="", terminal=True, opened=""),
        Begin(closed=True, words=(), given="", terminal=False, opened=""),
        Begin(closed=True, words=(), given="", terminal=True, opened="typed"),
        Begin(closed=True, words=("--passphrase-stdin",), given="read\n", terminal=False, opened="read"),
    ],
)
def test_the_agent_begins_with_what_opens_the_keys(monkeypatch: pytest.MonkeyPatch, typed: list[str], case: Begin) -> None:
    services = Doubled(closed=case.closed)
    typed.append("typed")
    assert say(services, monkeypatch, "run", "--once", *case.words, given=case.given, terminal=case.terminal) == 0
    assert services.opened == [f"{case.opened} None True False"]


def test_every_verb_is_known(tmp_path: Path) -> None:
    del tmp_path
    for verb in project_verbs.VERBS:
        words = (verb, "https://x/") if verb == "attach" else (verb,)
        assert isinstance(arguments.parser().parse_args(words), argparse.Namespace)
