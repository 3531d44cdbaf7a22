"""``t4t virtualbox install|repair`` and ``t4t doctor --fix``: shown, agreed to, done, looked at, and gone on with after a restart."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from support import machines
from t4t.cli import arguments, verbs
from t4t.domain.changes import Change, Command, Fetch, Fix, Note, Pending, Plan, What
from t4t.domain.diagnosis import diagnose
from t4t.domain.install_errors import AdministratorRefused
from t4t.storage import tables
from t4t.wording import changes as words
from unit.cli.test_doctor import Doctor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.domain.virtualbox_install import Purpose

START = Plan(changes=(Change(what=What.START, commands=(Command(words=("modprobe", "vboxdrv")),), elevated=True),), undo=(Command(words=("rmmod", "vboxdrv")),))
DOWN = Plan(changes=(Change(what=What.RESTART_COMPUTER, commands=(Command(words=("reboot",)),)),), notes=(Note.SAVE_WORK,), restart=True)
LOG_IN = Plan(changes=START.changes, log_in=True, fetch=(Fetch(name="f", address="https://x/f", sha256="ab"), Fetch(name="g", address="https://x/g")))


class Changing(Doctor):
    """Services that are mended by what is carried out."""

    def __init__(self, name: str, root: Path, plan: Plan | None = START, *, after: str = "linux-ready") -> None:
        super().__init__(name, root)
        self.plan = plan
        self.after = machines.facts(machines.load(after), root / "after")
        self.first = diagnose(self.facts, tables.load()).current
        self.done: list[Plan] = []
        self.restart = False
        self.refuse = False
        self.waits: list[tuple[str, str]] = []
        self.pending: Pending | None = None

    def virtualbox_plan(self, purpose: Purpose) -> Plan | None:
        self.asked.append((purpose.value,))
        return self.plan

    def fix_plan(self, name: str) -> Fix:
        found = self.first
        assert found is not None
        self.asked.append((name,))
        return Fix(finding=found, step=found.steps[0], plan=self.plan)

    def carry_out(self, plan: Plan, tell: Callable[[Change | Fetch, int], None]) -> bool:
        for fetch in plan.fetch:
            for received in (0, 1024, 5 << 20, 12 << 20):
                tell(fetch, received)
        for change in plan.changes:
            tell(change, 0)
        if self.refuse:
            raise AdministratorRefused(command="modprobe vboxdrv")
        self.done.append(plan)
        self.facts = self.after
        return self.restart

    def prepare_resume(self, check: str, remedy: str) -> None:
        self.waits.append((check, remedy))

    def drop_resume(self) -> None:
        self.waits.clear()

    def resumed(self) -> Pending | None:
        return self.pending


def run(services: Changing, *words_typed: str) -> int:
    return verbs.run(arguments.parser().parse_args(words_typed), services)


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def test_shown_agreed_to_and_done(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    services = Changing("linux-driver-not-loaded", tmp_path)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run(services, "doctor", "--fix", "load-driver") == 0
    said = capsys.readouterr()
    assert services.asked == [("load-driver",)]
    assert services.done == [START]
    assert "1. Build or start a part of the system (as administrator)\n     modprobe vboxdrv" in said.out
    assert "To undo it, as administrator:\n     rmmod vboxdrv" in said.out
    assert said.err.startswith("Do it? [y/N] ")
    assert "✓ ok         VirtualBox's driver" in said.out


@pytest.mark.parametrize("answer", ["n\n", "", "\n", "maybe\n"])
def test_without_a_yes_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str) -> None:
    services = Changing("linux-driver-not-loaded", tmp_path)
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert run(services, "doctor", "--fix", "load-driver") == 3
    assert services.done == []
    assert "Nothing was changed" in capsys.readouterr().err


def test_nobody_is_asked_where_nobody_can_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    services = Changing("linux-driver-not-loaded", tmp_path)
    for stdin in (io.StringIO("y\n"), None):
        monkeypatch.setattr("sys.stdin", stdin)
        assert run(services, "doctor", "--fix", "load-driver") == 3
    assert run(services, "--json", "doctor", "--fix", "load-driver") == 3
    assert services.done == []
    assert run(services, "doctor", "--fix", "load-driver", "--show") == 0
    assert services.done == []
    assert "modprobe vboxdrv" in capsys.readouterr().out


def test_as_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Changing("linux-driver-not-loaded", tmp_path)
    assert run(services, "--json", "doctor", "--fix", "load-driver", "--show") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["done"], shown["restart"]) == (False, False)
    assert run(services, "--json", "doctor", "--fix", "load-driver", "--yes") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["done"], document["healthy"]) == (True, True)
    assert [check["id"] for check in document["checks"]] == ["virtualbox-driver"]
    assert document["plan"] == shown["plan"]


def test_what_only_a_person_can_do_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Changing("linux-intel-off", tmp_path, None)
    assert run(services, "doctor", "--fix", "virtualization", "--yes") == 3
    assert "1. " in capsys.readouterr().out
    assert run(services, "--json", "doctor", "--fix", "virtualization", "--yes") == 3
    document = json.loads(capsys.readouterr().out)
    assert document["done"] is False
    assert document["steps"]


def test_what_asks_needs_somebody_who_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asking = Plan(changes=(Change(what=What.CHANGE_SETTING, commands=(Command(words=("mokutil",), asks=True),)),))
    services = Changing("linux-driver-not-loaded", tmp_path, asking)
    assert run(services, "doctor", "--fix", "load-driver", "--yes") == 3
    assert services.done == []
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(services, "doctor", "--fix", "load-driver", "--yes") == 0
    assert services.done == [asking]
    assert "1. Change a setting" in capsys.readouterr().out


def test_it_did_not_help(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Changing("linux-driver-not-loaded", tmp_path, after="linux-driver-not-built")
    assert run(services, "doctor", "--fix", "load-driver", "--yes") == 3
    assert "Not built for this Linux" in capsys.readouterr().out


def test_a_restart_that_is_due_is_gone_on_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Changing("linux-driver-not-loaded", tmp_path)
    services.restart = True
    assert run(services, "doctor", "--fix", "load-driver", "--yes") == 3
    assert services.waits == [("virtualbox-driver", "load-driver")]
    assert "Restart the computer when it suits you" in capsys.readouterr().out
    assert run(services, "--json", "doctor", "--fix", "load-driver", "--yes") == 3
    assert json.loads(capsys.readouterr().out)["restart"] is True


def test_a_computer_that_goes_down_knows_before(tmp_path: Path) -> None:
    services = Changing("linux-intel-off", tmp_path, DOWN)
    services.restart = True
    assert run(services, "doctor", "--fix", "restart-into-firmware", "--yes") == 3
    assert services.waits == [("virtualization", "restart-into-firmware")]
    services.refuse = True
    with pytest.raises(AdministratorRefused):
        run(services, "doctor", "--fix", "restart-into-firmware", "--yes")
    assert services.waits == []


def test_a_refusal_that_changed_nothing(tmp_path: Path) -> None:
    services = Changing("linux-driver-not-loaded", tmp_path)
    services.refuse = True
    with pytest.raises(AdministratorRefused):
        run(services, "doctor", "--fix", "load-driver", "--yes")
    assert services.waits == []


@pytest.mark.parametrize(("name", "said"), [("linux-ready", "it is well now"), ("linux-driver-not-built", "not yet")])
def test_welcome_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    services = Changing(name, tmp_path)
    services.pending = Pending(check="virtualbox-driver", remedy="load-driver", boot="b")
    run(services, "doctor")
    assert capsys.readouterr().out.startswith(f"Welcome back. VirtualBox's driver: {said}.")
    services.pending = Pending(check="of-another-version", remedy="x", boot="b")
    run(services, "doctor")
    assert capsys.readouterr().out.startswith("Welcome back. of-another-version: ")
    run(services, "--json", "doctor")
    assert "Welcome" not in capsys.readouterr().out


def test_virtualbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    services = Changing("linux-debian-without-virtualbox", tmp_path, LOG_IN)
    assert run(services, "virtualbox", "install", "--yes") == 0
    said = capsys.readouterr()
    assert services.asked == [("install",)]
    assert "     it must be ab\n" in said.out
    assert "     it must be signed by its publisher\n" in said.out
    assert "It acts after you logged out and in." in said.out
    assert said.err.splitlines() == ["Download f", "Download f, 12 MB", "Download g", "Download g, 12 MB", "Build or start a part of the system"]
    services.plan = None
    assert run(services, "virtualbox", "repair") == 0
    assert "VirtualBox is there already; nothing was changed." in capsys.readouterr().out
    assert run(services, "--json", "virtualbox", "install") == 0
    assert json.loads(capsys.readouterr().out)["healthy"] is True


def test_looking_again_until_it_is_ready(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Following(Changing):
        def follow(self, *, reach: bool, listen: Callable[[Diagnosis], None]) -> None:
            self.reach = reach
            listen(diagnose(self.facts, tables.load()))
            listen(diagnose(self.after, tables.load()))

    services = Following("linux-driver-not-loaded", tmp_path)
    assert run(services, "doctor", "--watch", "--offline") == 0
    out = capsys.readouterr().out
    assert services.reach is False
    assert out.index("There, but not started") < out.index("Everything is ready.")


def test_everything_has_words() -> None:
    assert set(words.WHATS) == set(What)
    assert set(words.NOTES) == set(Note)
    whole: Any = Plan(changes=(Change(what=What.RUN_INSTALLER, commands=(Command(words=("x",)),), genuine=("f", "Somebody")),), notes=tuple(Note), restart=True)
    assert any("only if it is signed by Somebody" in line for line in words.shown(whole))
    assert "y" in words.yes()
