"""The test boot against real VirtualBox: it says that it was interpreted, leaves nothing, and what a killed one left is swept at the next start."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lab.vbox import vboxmanage, wait_for
from support.command_line import environment, t4t
from t4t.domain.vm import Accelerator
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import processes, trial

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.virtualbox


def ours() -> list[str]:
    """What VirtualBox's registry knows of us."""
    return [line for what in ("vms", "floppies") for line in vboxmanage("list", what).splitlines() if "test-boot" in line]


async def test_it_really_ran_and_was_interpreted(tmp_path: Path) -> None:
    found = await trial.boot(tmp_path / "test-boot", clock=RealClock(), seconds=40)
    assert (found.obstacle, found.engine) == (None, Accelerator.INTERPRETER), found
    assert ours() == []
    assert not (tmp_path / "test-boot").exists()


def test_the_doctor_calls_it_a_warning(tmp_path: Path) -> None:
    ended = t4t("--json", "doctor", "--offline", "--boot", data=tmp_path, seconds=90)
    document: dict[str, Any] = json.loads(ended.out)
    checks = {check["id"]: check for check in document["checks"]}
    assert ended.status == 3
    assert document["ready"] is False
    assert checks["test-boot"]["status"] == "warn"
    assert checks["test-boot"]["summary"] == "Started, but only step by step"
    assert [remedy["id"] for remedy in checks["test-boot"]["remedies"]] == ["install-headers", "build-driver"]
    assert ours() == []


def test_what_a_killed_one_left_is_gone_after_the_next_start(tmp_path: Path) -> None:
    place = tmp_path / "test-boot"
    command = [sys.executable, "-m", "t4t", "--data-dir", str(tmp_path), "doctor", "--offline", "--boot"]
    doctor = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("a test machine's process", lambda: any(place.glob("virtualbox-*/*/Logs/VBox.log")), 60)
    doctor.send_signal(signal.SIGKILL)
    doctor.wait()
    (left,) = place.glob("virtualbox-*")
    vm = left.name.partition("-")[2]
    assert t4t("doctor", "--offline", data=tmp_path, seconds=90).status == 3
    assert ours() == []
    assert not place.exists()
    assert processes.find_vm(vm) is None


def test_without_its_driver_it_says_so(tmp_path: Path) -> None:
    """VirtualBox's own VBoxHeadless in the place of the laboratory's, for one process with mounts and a VBoxSVC of its own."""
    script = 'mount --bind /usr/lib/virtualbox/VBoxHeadless.real /usr/lib/virtualbox/VBoxHeadless; exec "$@"'
    own = {"VBOX_USER_HOME": str(tmp_path / "home"), "VBOX_IPC_SOCKETID": "without-driver"}
    ended = t4t("--json", "doctor", "--offline", "--boot", data=tmp_path, before=("unshare", "-m", "sh", "-ec", script, "sh"), env=own, seconds=90)
    checks = {check["id"]: check for check in json.loads(ended.out)["checks"]}
    assert checks["test-boot"]["status"] == "fail"
    assert checks["test-boot"]["summary"] == "Refused: VirtualBox's driver is missing"
    assert [remedy["id"] for remedy in checks["test-boot"]["remedies"]] == ["install-headers", "build-driver"]
    assert not (tmp_path / "test-boot").exists()
