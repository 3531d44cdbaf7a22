"""The ladder against real VirtualBox: version, service, registry; and the real command names the missing driver."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lab.vbox import machine, vboxmanage
from support.command_line import t4t
from t4t.domain.facts import Driver
from t4t.host.probe.here import probe
from t4t.hypervisor.virtualbox import health

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.virtualbox


async def test_the_ladder_of_a_healthy_one(tmp_path: Path) -> None:
    with machine("seen"):
        found = await health.look()
    assert found.found.source == "/usr/lib/virtualbox/VBoxManage"
    plain = vboxmanage("--version").strip()
    assert found.version.value is not None
    assert plain.startswith(".".join(map(str, found.version.value)))
    assert found.answers.value is True
    assert found.inaccessible.value == 0
    series = ".".join(map(str, found.version.value[:2]))
    assert found.extension_packs.value is not None
    assert all(pack.startswith(f"{series}.") for pack in found.extension_packs.value)  # Debian brings one for VNC
    assert probe(tmp_path).look().driver.value is Driver.NOT_BUILT


def test_the_command_names_the_missing_driver(tmp_path: Path) -> None:
    ended = t4t("--json", "virtualbox", "health", data=tmp_path)
    document = json.loads(ended.out)
    assert ended.status == 3
    assert [(check["id"], check["status"]) for check in document["checks"]] == [
        ("virtualbox", "ok"),
        ("virtualbox-kernel", "ok"),
        ("virtualbox-driver", "fail"),
    ]
    remedies = [remedy["id"] for remedy in document["checks"][-1]["remedies"]]
    assert remedies == ["install-headers", "build-driver"]
    assert document["checks"][-1]["remedies"][0]["command"].startswith("sudo apt-get install linux-headers-")


def test_the_doctor_there(tmp_path: Path) -> None:
    ended = t4t("--json", "doctor", "--offline", data=tmp_path)
    document = json.loads(ended.out)
    checks = {check["id"]: check["status"] for check in document["checks"]}
    assert ended.status == 3
    assert document["ready"] is False
    assert checks["virtualbox"] == "ok"
    assert checks["virtualbox-driver"] == "fail"
