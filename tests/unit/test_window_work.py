"""What the window has done in its process, on services that keep a list."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest

from support.window_rig import DRIVER_STOPPED, MADE, PLAN, WELL
from t4t import desktop
from t4t.bootstrap.window import WindowWork
from t4t.domain.changes import Change, Command, Fix, Plan, What
from t4t.domain.errors import FileExists
from t4t.domain.install_errors import NothingToFix
from t4t.domain.removal import Part, Removal, Removed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from t4t.cli.services import Services

GOES_DOWN = Plan(changes=(Change(what=What.RESTART_COMPUTER, commands=(Command(words=("systemctl", "reboot")),)),), restart=True)


class _Services:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.did: list[str] = []
        self.restart = False
        self.fails = False

    def doctor(self, *, reach: bool, boot: bool = False) -> Any:
        self.did.append(f"doctor {reach} {boot}")
        return WELL

    def fix_plan(self, name: str) -> Any:
        self.did.append(name)
        return Fix(finding=DRIVER_STOPPED, step=DRIVER_STOPPED.steps[0], plan=PLAN)

    def prepare_resume(self, check: str, remedy: str) -> None:
        self.did.append(f"resume {check} {remedy}")

    def drop_resume(self) -> None:
        self.did.append("drop")

    def carry_out(self, plan: Plan, tell: object) -> bool:
        self.did.append(plan.changes[0].what.value)
        if self.fails:
            raise NothingToFix(name="", known="")
        return self.restart

    def report(self) -> str:
        return "a report"

    def removal(self) -> Removal:
        return MADE

    def remove(self, keep: Collection[Part], tell: Callable[[Part], None]) -> Removed:
        tell(Part.MACHINES)
        self.did.append(f"remove but {[part.value for part in keep]}")
        return Removed(freed=1)


@pytest.fixture
def services(tmp_path: Path) -> _Services:
    return _Services(tmp_path)


@pytest.fixture
def work(services: _Services) -> WindowWork:
    return WindowWork(cast("Services", services))


def test_removing_is_the_verbs_own(services: _Services, work: WindowWork) -> None:
    told: list[Part] = []
    assert work.removal() is MADE
    assert work.remove([Part.LOGS], told.append) == Removed(freed=1)
    assert (told, services.did) == ([Part.MACHINES], ["remove but ['logs']"])


def test_looking_and_planning(services: _Services, work: WindowWork) -> None:
    assert work.doctor() is WELL
    assert work.fix_plan("install-qemu").plan is PLAN
    assert services.did == ["doctor True False", "install-qemu"]


def test_a_fix_is_gone_on_with_after_a_restart(services: _Services, work: WindowWork) -> None:
    fix = work.fix_plan("install-qemu")
    services.did.clear()
    assert not work.carry_out(dataclasses.replace(fix, plan=None), lambda _one, _received: None)
    assert not work.carry_out(fix, lambda _one, _received: None)
    assert services.did == ["install-packages"]
    services.restart = True
    assert work.carry_out(fix, lambda _one, _received: None)
    assert services.did[1:] == ["install-packages", "resume qemu install-qemu"]


def test_before_the_computer_goes_down_it_is_written_what_to_go_on_with(services: _Services, work: WindowWork) -> None:
    fix = dataclasses.replace(work.fix_plan("install-qemu"), plan=GOES_DOWN)
    services.did.clear()
    services.restart = True
    assert work.carry_out(fix, lambda _one, _received: None)
    assert services.did == ["resume qemu install-qemu", "restart-computer"]
    services.fails = True
    services.did.clear()
    with pytest.raises(NothingToFix):
        work.carry_out(fix, lambda _one, _received: None)
    assert services.did == ["resume qemu install-qemu", "restart-computer", "drop"]
    services.did.clear()
    with pytest.raises(NothingToFix):
        work.carry_out(work.fix_plan("x"), lambda _one, _received: None)
    assert "drop" not in services.did


def test_a_report_never_overwrites(work: WindowWork, tmp_path: Path) -> None:
    assert work.report() == "a report"
    assert "logs/t4t.log" in work.logs()
    path = tmp_path / "report.txt"
    work.write_report(path, "a report\ud800")
    assert path.read_text(encoding="utf-8") == "a report?"
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExists):
        work.write_report(path, "another")


def test_the_agent_is_started_on_the_same_data(work: WindowWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []
    monkeypatch.setattr(desktop, "start", started.append)
    work.start_agent()
    assert started == [tmp_path]


def test_the_map_is_that_of_the_program(work: WindowWork) -> None:
    assert any(shape.name == "Switzerland" for shape in work.world().countries)
