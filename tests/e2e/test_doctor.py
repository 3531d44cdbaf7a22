"""The real command on this computer is told exactly what this computer is; nothing outside is reached, nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.command_line import t4t
from t4t.hypervisor.virtualbox.locate import find, here


def _flags() -> set[str]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def _has_virtualbox() -> bool:
    try:
        find(here())
    except Exception:  # noqa: BLE001 - whatever it is, it is not there
        return False
    return True


def doctor(data: Path) -> tuple[int, dict[str, Any]]:
    ended = t4t("--json", "doctor", "--offline", data=data)
    assert "Traceback" not in ended.err
    document: dict[str, Any] = json.loads(ended.out)
    assert set(document) == {"ready", "can_demo", "checks"}
    return ended.status, document


@pytest.mark.skipif(sys.platform != "linux", reason="judges by /proc")
def test_this_computer(tmp_path: Path) -> None:
    status, document = doctor(tmp_path)
    checks = {check["id"]: check for check in document["checks"]}
    flags = _flags()
    if not {"vmx", "svm"} & flags:
        assert checks["virtualization"]["status"] == "fail"
        assert document["ready"] is False
        if "hypervisor" in flags:
            assert checks["surroundings"]["summary"] == "This computer is itself a virtual machine"
            assert checks["virtualization"]["summary"] == "This computer does not have it"
            assert [remedy["id"] for remedy in checks["virtualization"]["remedies"]] == ["other-computer", "look-at-science"]
    if not _has_virtualbox():
        assert checks["virtualbox"]["status"] == "fail"
        assert checks["virtualbox"]["summary"] == "Not installed"
        assert "virtualbox-driver" not in checks
        assert document["ready"] is False
    if shutil.which("qemu-system-x86_64") and shutil.which("qemu-img"):
        assert document["can_demo"] is True
        assert checks["qemu"]["status"] == "ok"
    assert status == (0 if document["ready"] else 3)
    assert "project-hosts" not in checks
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_health_here(tmp_path: Path) -> None:
    ended = t4t("--json", "virtualbox", "health", data=tmp_path)
    document = json.loads(ended.out)
    assert ended.status == (0 if document["healthy"] else 3)
    if not _has_virtualbox():
        assert [check["id"] for check in document["checks"]] == ["virtualbox"]
        assert document["checks"][0]["remedies"]


def test_a_data_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    ended = t4t("doctor", "--offline", data=tmp_path / "not" / "yet", env={"PYTHONIOENCODING": "utf-8", "PATH": os.environ.get("PATH", "")})
    assert ended.status in {0, 3}
    assert "Is this computer ready?" in ended.out
