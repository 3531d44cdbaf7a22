"""The test boot's judgement, and its steps against a VBoxManage that answers as recorded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from support import vboxmanage_double as double
from t4t.domain.facts import Obstacle
from t4t.domain.vm import Accelerator
from t4t.host.clock import RealClock
from t4t.hypervisor import trial as shared
from t4t.hypervisor.virtualbox import trial
from t4t.hypervisor.virtualbox.locate import Surroundings
from t4t.hypervisor.virtualbox.versions import Version

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = RealClock()
posix = pytest.mark.skipif(sys.platform == "win32", reason="the double is started by its first line")
VERSION = {"out": "7.2.20r175154\n"}
UNKNOWN = {"status": 1, "err": "VBoxManage: error: Could not find a registered machine with UUID {x}\n"}
FINE: dict[str, Any] = {}


def around(folder: Path) -> Surroundings:
    return Surroundings(platform="linux", environment={"PATH": str(folder), "HOME": str(folder)}, home=folder, root=folder)


@pytest.mark.parametrize(
    ("said", "obstacle", "code"),
    [
        ("VT-x is disabled in the BIOS for all CPU modes (VERR_VMX_MSR_ALL_VMX_DISABLED)", Obstacle.OFF, "VERR_VMX_MSR_ALL_VMX_DISABLED"),
        ("AMD-V is disabled in the BIOS (VERR_SVM_DISABLED)", Obstacle.OFF, "VERR_SVM_DISABLED"),
        ("VT-x is not available (VERR_VMX_NO_VMX)", Obstacle.NONE, "VERR_VMX_NO_VMX"),
        ("VT-x is being used by another hypervisor (VERR_VMX_IN_VMX_ROOT_MODE).", Obstacle.TAKEN, "VERR_VMX_IN_VMX_ROOT_MODE"),
        ("(VERR_SVM_IN_USE)", Obstacle.TAKEN, "VERR_SVM_IN_USE"),
        ("(VERR_SVM_HOST_SVME_NOT_ENABLED)", Obstacle.NOT_LENT, "VERR_SVM_HOST_SVME_NOT_ENABLED"),
        ("The VirtualBox Linux kernel driver is either not loaded; rc=-1908", Obstacle.DRIVER, ""),
        ("Kernel driver not installed (rc=-1908)\nE_FAIL (0x80004005)", Obstacle.DRIVER, "E_FAIL"),
        ("(VERR_SUPDRV_COMPONENT_NOT_FOUND)", Obstacle.DRIVER, "VERR_SUPDRV_COMPONENT_NOT_FOUND"),
        ("modprobe: Key was rejected by service", Obstacle.UNSIGNED, ""),
        ("supR3HardenedWinReSpawn (VERR_SUP_VP_NOT_SIGNED)", Obstacle.HARDENING, "VERR_SUP_VP_NOT_SIGNED"),
        ("(VERR_NO_MEMORY)", Obstacle.MEMORY, "VERR_NO_MEMORY"),
        ("(VERR_DISK_FULL)", Obstacle.DISK, "VERR_DISK_FULL"),
        ("(VERR_SSM_INTEGRITY_FOOTER)", Obstacle.OTHER, ""),
        ("", Obstacle.OTHER, ""),
    ],
)
def test_what_kept_it_from_starting(said: str, obstacle: Obstacle, code: str) -> None:
    found = trial.judged(said)
    assert (found.obstacle, found.code, found.ran) == (obstacle, code, False)


@pytest.mark.parametrize(
    ("log", "file"),
    [
        (r"12f4.1a: supR3HardenedMonitor_LdrLoadDll: rejecting 'C:\Program Files\Av One\guard64.dll' (VERR_SUP_VP_X)", "guard64.dll"),
        (r"supR3HardenedScreenImage/LdrLoadDll: rc=Unknown Status -22919 (0xffffa679) fImage=1 '\Device\HarddiskVolume3\Games\overlay.dll'", "overlay.dll"),
        (r"2b0.5c: Error (rc=-5640): not signed: '\Device\HarddiskVolume2\x\one.dll'", "one.dll"),
        (r"supHardenedWinVerifyImageByHandle: -> 0 (\Device\HarddiskVolume2\Windows\System32\ntdll.dll)", ""),
        ("", ""),
    ],
)
def test_the_file_that_got_in(log: str, file: str) -> None:
    assert trial.culprit(log) == file
    assert trial.judged("(VERR_SUP_VP_X)", log).culprit == file


def test_the_machine_is_made_by_options_that_each_version_knows(tmp_path: Path) -> None:
    bench = shared.Bench(tmp_path / "virtualbox-0b7a1c6e-1111-4222-8333-444455556666")
    for version, architecture in ((Version(7, 0, 4), False), (Version(7, 2, 20), True)):
        calls = trial.making(bench, version)
        assert ("--platform-architecture" in calls[0].arguments) is architecture
        assert [call.may_fail for call in calls] == [False, False, True, False, False]
        assert all(bench.vm_id in call.arguments for call in calls)
        assert "--nic1" in calls[1].arguments


@posix
async def test_a_machine_that_is_refused_is_removed(tmp_path: Path) -> None:
    refused = {"status": 1, "err": "VBoxManage: error: VT-x is being used (VERR_VMX_IN_VMX_ROOT_MODE)\nVBoxManage: error: Details: code E_FAIL (0x80004005)\n"}
    double.install(tmp_path, VERSION, FINE, FINE, FINE, FINE, FINE, refused, FINE, UNKNOWN, FINE)
    found = await trial.boot(tmp_path / "test-boot", clock=CLOCK, around=around(tmp_path))
    assert (found.obstacle, found.code) == (Obstacle.TAKEN, "VERR_VMX_IN_VMX_ROOT_MODE")
    commands = [call["args"][0] for call in double.calls(tmp_path)]
    made = ["--version", "createvm", "modifyvm", "modifyvm", "storagectl", "storageattach", "startvm"]
    assert commands == [*made, "showvminfo", "controlvm", "unregistervm", "closemedium"]
    assert not (tmp_path / "test-boot").exists()


@posix
async def test_a_machine_that_says_nothing(tmp_path: Path) -> None:
    double.install(tmp_path, VERSION, FINE)
    found = await trial.boot(tmp_path / "test-boot", clock=CLOCK, around=around(tmp_path), seconds=0.1)
    assert (found.obstacle, found.engine) == (Obstacle.SILENT, None)
    assert not (tmp_path / "test-boot").exists()


@posix
async def test_a_start_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_START_SECONDS", 0.3)
    double.install(tmp_path, VERSION, FINE, FINE, FINE, FINE, FINE, {"hang": True}, FINE)
    found = await trial.boot(tmp_path / "test-boot", clock=CLOCK, around=around(tmp_path))
    assert found.obstacle is Obstacle.SILENT
    assert not (tmp_path / "test-boot").exists()


@posix
async def test_a_guest_that_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its engine is what its log says; also where VirtualBox did not call it running any more."""
    refused = {"status": 1, "err": "VBoxManage: error: The VM session was aborted\n"}
    monkeypatch.setattr(shared.Bench, "spoke", lambda _: True)
    for log, engine in (("NEM: NEMR3Init: Active.", Accelerator.PLATFORM), ("00:00:01 HM: HMR3Init: VT-x w/ nested paging", Accelerator.HARDWARE), ("", None)):
        monkeypatch.setattr(trial, "_logs", lambda _, text=log: text)
        double.install(tmp_path, VERSION, FINE, FINE, FINE, FINE, FINE, refused, FINE)
        found = await trial.boot(tmp_path / "test-boot", clock=CLOCK, around=around(tmp_path))
        assert (found.obstacle, found.engine) == (None, engine)
        (tmp_path / "calls.json").unlink()


@posix
@pytest.mark.parametrize("plan", [({"out": "nonsense"},), ({"status": 1, "err": "VBoxManage: error: no"}, UNKNOWN)])
async def test_a_virtualbox_that_does_not_answer(tmp_path: Path, plan: tuple[dict[str, Any], ...]) -> None:
    double.install(tmp_path, *plan)
    found = await trial.boot(tmp_path / "test-boot", clock=CLOCK, around=around(tmp_path))
    assert found.obstacle is Obstacle.OTHER


@posix
async def test_one_that_can_not_be_removed_is_left_for_the_sweep(tmp_path: Path) -> None:
    place = tmp_path / "test-boot"
    stuck = {"status": 1, "err": "VBoxManage: error: no\n"}
    double.install(tmp_path, VERSION, FINE, FINE, FINE, FINE, FINE, stuck, FINE, FINE, stuck)
    await trial.boot(place, clock=CLOCK, around=around(tmp_path))
    (left,) = place.iterdir()
    (tmp_path / "calls.json").unlink()
    double.install(tmp_path, FINE)
    await trial.sweep(place, clock=CLOCK, around=around(tmp_path))
    assert not place.exists()
    vm = left.name.partition("-")[2]
    assert [call["args"][:2] for call in double.calls(tmp_path)] == [
        ["showvminfo", vm],
        ["controlvm", vm],
        ["unregistervm", vm],
        ["closemedium", "floppy"],
    ]


@posix
async def test_a_sweep_without_virtualbox_or_without_anything(tmp_path: Path) -> None:
    place = tmp_path / "test-boot"
    await trial.sweep(place, clock=CLOCK, around=around(tmp_path))
    with shared.bench(place, trial.KIND) as bench:
        await trial.sweep(place, clock=CLOCK, around=around(tmp_path))  # it is ours still
        assert bench.folder.is_dir()
    await trial.sweep(place, clock=CLOCK, around=around(tmp_path))
    assert not place.exists()


@posix
async def test_no_place_for_a_machine(tmp_path: Path) -> None:
    double.install(tmp_path, VERSION)
    place = tmp_path / "a file"
    place.write_bytes(b"")
    assert (await trial.boot(place, clock=CLOCK, around=around(tmp_path))).obstacle is Obstacle.DISK


@posix
async def test_none_found(tmp_path: Path) -> None:
    assert (await trial.boot(tmp_path / "test-boot", clock=CLOCK, around=around(tmp_path))).obstacle is Obstacle.OTHER


def test_the_engines_are_the_logs_words() -> None:
    assert {Accelerator(word) for word in ("hardware", "platform", "interpreter")} == set(Accelerator)
