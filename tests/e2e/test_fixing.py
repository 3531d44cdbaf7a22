"""The real command: plans for this computer are shown and nothing is changed without a yes; what it says after a restart; looking again by itself."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import pytest

from support.command_line import t4t
from support.file_server import FileServer
from t4t.bootstrap import checks, following, installation
from t4t.bootstrap.installation import Places
from t4t.bootstrap.services import Services
from t4t.domain.changes import Change, Command, Plan, What
from t4t.domain.diagnosis import diagnose, fixes
from t4t.domain.facts import Facts, VirtualBox, certain
from t4t.domain.install_errors import MachinesRunning, NothingToFix, NoWayKnown
from t4t.domain.virtualbox_install import Purpose
from t4t.domain.virtualbox_release import BASE
from t4t.hypervisor import trial
from t4t.hypervisor.qemu import trial as qemu_trial
from t4t.storage import tables
from unit.host.test_changing import Layout

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.domain.diagnosis.tables import Tables


def test_a_name_that_is_of_nothing_here(tmp_path: Path) -> None:
    ended = t4t("doctor", "--fix", "kvm-lend-everything", data=tmp_path)
    assert ended.status == 2
    assert ended.is_notice("T4T-FIX-10")


def _facts(data: Path) -> Facts:
    return asyncio.run(checks.look(data, reach=False))


def test_fixes_of_this_computer(tmp_path: Path) -> None:
    """Whatever it lacks: each remedy has a plan or is told to be a person's; none is carried out."""
    services = Services(tmp_path)
    with pytest.raises(NothingToFix):
        services.fix_plan("none")
    first = diagnose(_facts(tmp_path), tables.load()).current
    if first is not None and first.steps[0].remedy not in fixes.VIRTUALBOX:  # for those the official place would be asked
        assert services.fix_plan(first.check.value).step == first.steps[0]


async def test_the_plan_of_this_computer_with_the_official_place_on_loopback(tmp_path: Path) -> None:
    async with FileServer([Layout()]) as server:
        places = Places(f"{server.url}/virtualbox")
        try:
            found = await installation._plan(tmp_path, Purpose.INSTALL, places)
        except (NoWayKnown, MachinesRunning):
            return
    if found is not None:
        assert found.elevated
        assert all(change.commands for change in found.changes)
        if server.seen and sys.platform == "linux":
            assert [request.target for request in server.seen] == ["/virtualbox/LATEST-STABLE.TXT", "/virtualbox/7.2.20/SHA256SUMS"]
            assert found.fetch[0].fingerprint


def test_what_the_commands_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    services = Services(tmp_path / "data")
    told: list[object] = []
    start = Change(what=What.START, commands=(Command(words=(sys.executable, "-c", "open('x', 'w')")),))
    monkeypatch.chdir(tmp_path)
    assert services.carry_out(Plan(changes=(start,)), lambda one, _received: told.append(one)) is False
    assert (tmp_path / "x").exists()
    assert told == [start]
    services.prepare_resume("virtualization", "restart-into-firmware")
    if sys.platform == "linux":
        entry = (tmp_path / "config" / "autostart" / "org.t4t.resume.desktop").read_text(encoding="utf-8")
        assert f'"--data-dir" "{tmp_path / "data"}" "window"' in entry
    assert services.resumed() is None  # the computer was not restarted
    if sys.platform == "linux":
        (tmp_path / "data" / "tasks" / "one").mkdir(parents=True)  # somebody who has work is through the first run
        services.prepare_resume("virtualization", "restart-into-firmware")
        assert '"window" "computer"' in (tmp_path / "config" / "autostart" / "org.t4t.resume.desktop").read_text(encoding="utf-8")
    services.drop_resume()
    assert not (tmp_path / "config" / "autostart" / "org.t4t.resume.desktop").exists()
    followed: list[bool] = []
    monkeypatch.setattr(following, "follow", lambda _data, *, reach, listen: followed.append(reach and callable(listen)))
    services.follow(reach=True, listen=lambda _diagnosis: None)
    assert followed == [True]


def test_a_mirror_stands_for_the_official_place_only() -> None:
    places = Places("http://127.0.0.1:1/v")
    assert places.moved(f"{BASE}/7.2.20/x") == "http://127.0.0.1:1/v/7.2.20/x"
    assert places.moved("https://aka.ms/x") == "https://aka.ms/x"


def test_looking_again_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until something changes nothing is told twice; what changes is looked at anew."""
    told: list[Diagnosis] = []
    looks = 0
    real = checks.look

    async def look(data: Path, *, reach: bool, boot: bool = False) -> Facts:
        nonlocal looks
        looks += 1
        facts = await real(data, reach=reach, boot=boot)
        return Facts(computer=facts.computer, virtualbox=VirtualBox(found=certain(value=False, source="test")))

    there = iter([False, False, True, True, False])
    monkeypatch.setattr(checks, "look", look)
    monkeypatch.setattr(following, "_there", lambda: next(there, False))

    class Enough(Exception):
        """The test has seen what it wanted."""

    def diagnosed(facts: Facts, known: Tables) -> Diagnosis:
        if looks > 2:
            raise Enough
        return diagnose(facts, known)

    monkeypatch.setattr(following, "diagnose", diagnosed)
    with pytest.raises(Enough):
        following.follow(tmp_path, reach=False, listen=told.append, seconds=0.02)
    assert len(told) == 1
    assert looks == 3


@pytest.mark.qemu
def test_a_test_boot_of_the_demos_machine(tmp_path: Path) -> None:
    ended = t4t("--json", "doctor", "--offline", "--boot", data=tmp_path, seconds=100)
    checks_there = {check["id"]: check for check in json.loads(ended.out)["checks"]}
    assert checks_there["qemu-test-boot"]["status"] in {"ok", "warn"}
    assert checks_there["qemu-test-boot"]["summary"].startswith("Started")
    assert not (tmp_path / trial.FOLDER).exists()


def test_any_look_sweeps(tmp_path: Path) -> None:
    with trial.bench(tmp_path / trial.FOLDER, qemu_trial.KIND) as bench:
        left = bench.folder
    assert left.is_dir()
    _facts(tmp_path)
    assert not (tmp_path / trial.FOLDER).exists()
