"""QEMU's health as facts: real QEMU, none, and a broken one."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

import pytest

from t4t.hypervisor.qemu import health

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.qemu
async def test_the_real_one() -> None:
    found = await health.look()
    assert found.found.value is True
    assert found.version.value
    assert found.accelerator.value in {"kvm", "hvf", "whpx", "tcg"}
    assert found.hardware.value is (found.accelerator.value != "tcg")


async def test_none(tmp_path: Path) -> None:
    assert (await health.look(str(tmp_path))).found.value is False


@pytest.mark.skipif(sys.platform == "win32", reason="a script as program")
async def test_a_broken_one(tmp_path: Path) -> None:
    for name in ("qemu-system-x86_64", "qemu-img"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexit 3\n", encoding="ascii")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    found = await health.look(str(tmp_path))
    assert found.found.value is True
    assert found.accelerator.value is None
    assert "3" in found.trouble
