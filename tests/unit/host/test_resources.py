"""The computer under us, against what it says itself."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import TYPE_CHECKING

import pytest

from t4t.domain.clock import Clock
from t4t.domain.errors import FolderUnwritable, NotEnoughDisk, NotEnoughMemory
from t4t.host import resources
from t4t.host.clock import RealClock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("machine", "expected"), [("AMD64", "x86_64"), ("x86_64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64"), ("riscv64", "riscv64")])
def test_architectures(monkeypatch: pytest.MonkeyPatch, machine: str, expected: str) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert resources.architecture() == expected


def test_cores() -> None:
    assert 1 <= resources.cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can say so")
def test_cores_that_are_not_ours_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert resources.cores() == 1


def test_disk(tmp_path: Path) -> None:
    resources.check_disk(tmp_path, 1)
    with pytest.raises(NotEnoughDisk) as error:
        resources.check_disk(tmp_path, 1 << 40)
    assert error.value.free_mib < error.value.needed_mib == 1 << 40
    assert error.value.path == str(tmp_path)


def test_memory() -> None:
    resources.check_memory(1)
    with pytest.raises(NotEnoughMemory) as error:
        resources.check_memory(1 << 40)
    assert error.value.free_mib < error.value.needed_mib


async def test_the_real_clock() -> None:
    clock = RealClock()
    assert {name for name in vars(Clock) if not name.startswith("_")} <= set(dir(clock))
    before = clock.monotonic()
    await clock.sleep(-1)
    await clock.sleep(0.01)
    assert clock.monotonic() - before > 0.009
    assert clock.monotonic() == pytest.approx(time.monotonic(), abs=1)


def test_a_folder_that_is_gone_has_no_free_space(tmp_path: Path) -> None:
    assert resources.free_bytes(tmp_path / "gone") is None
    with pytest.raises(FolderUnwritable):
        resources.check_disk(tmp_path / "gone", 1)
