"""The ladder, with recorded answers of VirtualBox from a real child process."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support import vboxmanage_double as double
from t4t.hypervisor.virtualbox import health
from t4t.hypervisor.virtualbox.answer import Answer
from t4t.hypervisor.virtualbox.locate import Surroundings
from t4t.hypervisor.virtualbox.processes import identity
from unit.virtualbox.recorded import recorded

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the double is started by its first line")
PROPERTIES = {"out": recorded("list-systemproperties").out}
VERSION = {"out": "WARNING: The vboxdrv kernel module is not loaded.\n7.2.20r175154\n"}
LOST = {"out": '"<inaccessible>" {0b7a1c6e-0000-0000-0000-000000000001}\n"mine" {0b7a1c6e-0000-0000-0000-000000000002}\n'}


def around(folder: Path) -> Surroundings:
    return Surroundings(platform="linux", environment={"PATH": str(folder), "HOME": str(folder)}, home=folder, root=folder)


async def look(folder: Path, *plan: dict[str, Any]) -> Any:
    double.install(folder, *plan)
    return await health.look(around(folder), server=lambda: None)


async def test_nothing_found(tmp_path: Path) -> None:
    found = await health.look(around(tmp_path))
    assert found.found.value is False
    assert found.version.value is None


async def test_the_whole_ladder(tmp_path: Path) -> None:
    found = await look(tmp_path, VERSION, PROPERTIES, LOST)
    assert found.version.value == (7, 2, 20)
    assert found.answers.value is True
    assert found.inaccessible.value == 1
    assert found.extension_packs.value == ()
    commands = [call["args"] for call in double.calls(tmp_path)]
    assert commands[:2] == [["--version"], ["list", "systemproperties"]]
    assert sorted(commands[2:]) == [["list", "extpacks"], ["list", "vms"]]


async def test_extension_packs(tmp_path: Path) -> None:
    packs = {"out": "Extension Packs: 1\nPack no. 0:   Oracle VirtualBox Extension Pack\nVersion:        7.0.20\nUsable:         true\n"}
    assert (await look(tmp_path, VERSION, PROPERTIES, packs)).extension_packs.value == ("7.0.20",)


@pytest.mark.parametrize("plan", [{"out": "no version at all"}, {"status": 1, "err": "no"}, {"status": 127}])
async def test_no_version(tmp_path: Path, plan: dict[str, Any]) -> None:
    found = await look(tmp_path, plan)
    assert found.found.value is True
    assert found.version.value is None
    assert found.answers.value is None


async def test_a_program_that_cannot_be_executed(tmp_path: Path) -> None:
    program = tmp_path / "VBoxManage"
    program.write_bytes(b"\x7fELF not really")
    program.chmod(0o755)
    found = await health.look(around(tmp_path))
    assert found.found.value is True
    assert found.version.value is None


@pytest.mark.parametrize(
    ("err", "code"),
    [
        (
            "VBoxManage: error: Failed to create the VirtualBox object!\nVBoxManage: error: Code REGDB_E_CLASSNOTREG (0x80040154) - Class not registered",
            "REGDB_E_CLASSNOTREG",
        ),
        (
            "VBoxManage: error: Failed to create the VirtualBox object!\nVBoxManage: error: Code CO_E_SERVER_EXEC_FAILURE (0x80080005)",
            "CO_E_SERVER_EXEC_FAILURE",
        ),
        (
            "VBoxManage: error: Failed to initialize COM! (hrc=NS_ERROR_SOCKET_FAIL)\nVBoxManage: error: Code NS_ERROR_SOCKET_FAIL (0xC1F30200)",
            "NS_ERROR_SOCKET_FAIL",
        ),
        ("VBoxManage: error: The image is not signed (VERR_SUP_VP_NOT_SIGNED_WITH_BUILD_CERT)", "VERR_SUP_VP_NOT_SIGNED_WITH_BUILD_CERT"),
        ("VBoxManage: error: something (VERR_INTERNAL_ERROR)", "VERR_INTERNAL_ERROR"),
        ("VBoxManage: error: something", ""),
    ],
)
async def test_the_service_does_not_answer(tmp_path: Path, err: str, code: str) -> None:
    found = await look(tmp_path, VERSION, {"status": 1, "err": err})
    assert found.answers.value is False
    assert found.trouble_code == code
    assert found.trouble
    assert found.inaccessible.value is None


async def test_an_answer_that_says_nothing_is_none(tmp_path: Path) -> None:
    assert (await look(tmp_path, VERSION, {"out": ""})).answers.value is False


async def test_a_stuck_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_SERVICE_SECONDS", 0.5)
    found = await look(tmp_path, VERSION, {"hang": True})
    assert found.answers.value is False
    assert found.trouble_code == health.TIMEOUT


async def test_lists_that_fail_are_unknown(tmp_path: Path) -> None:
    found = await look(tmp_path, VERSION, PROPERTIES, {"status": 127})
    assert found.answers.value is True
    assert found.inaccessible.value is None
    assert found.extension_packs.value is None


def test_codes() -> None:
    assert health.trouble_code(Answer(arguments=("list", "vms"), status=0)) == ""


async def test_a_service_for_another_home(tmp_path: Path) -> None:
    double.install(tmp_path, VERSION, PROPERTIES)
    home = tmp_path / "elsewhere"
    code = "import os, sys, time; os.makedirs(sys.argv[1]); log = open(sys.argv[1] + '/VBoxSVC.log', 'w'); print(flush=True); time.sleep(60)"
    service = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(home), stdout=asyncio.subprocess.PIPE)
    try:
        assert service.stdout is not None
        await service.stdout.readline()
        owned = identity(service.pid)
        found = await health.look(around(tmp_path), server=lambda: owned)
        assert found.other_home.value == str(home)
        (tmp_path / "calls.json").unlink()
        own = {"PATH": str(tmp_path), "VBOX_USER_HOME": str(home)}
        same = await health.look(Surroundings(platform="linux", environment=own, home=tmp_path, root=tmp_path), server=lambda: owned)
        assert same.other_home.value == ""
    finally:
        service.kill()
        await service.wait()
    assert (await health.look(around(tmp_path), server=lambda: None)).other_home.value is None


async def test_machines_at_work(tmp_path: Path) -> None:
    assert await health.running(around(tmp_path)) == ()
    double.install(tmp_path, {"out": '"Win 11" {0b7a1c6e-0000-0000-0000-000000000001}\n'}, {"status": 1, "err": "VBoxManage: error: no\n"})
    assert await health.running(around(tmp_path)) == ("Win 11",)
    assert await health.running(around(tmp_path)) == ()
