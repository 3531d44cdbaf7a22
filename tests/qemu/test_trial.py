"""The test boot on real QEMU: it ran, it left nothing, and what a killed one left is swept."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from t4t.domain.facts import Obstacle
from t4t.hypervisor import trial as shared
from t4t.hypervisor.qemu import trial
from t4t.hypervisor.qemu.locate import locate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.qemu
async def test_it_really_ran(tmp_path: Path) -> None:
    place = tmp_path / "test, boot"
    found = await trial.boot(place)
    assert found.ran
    assert found.engine is (await locate()).acceleration.kind
    assert found.seconds < 60
    assert not place.exists()


async def test_no_qemu(tmp_path: Path) -> None:
    found = await trial.boot(tmp_path / "test-boot", search=str(tmp_path))
    assert found.obstacle is Obstacle.OTHER
    assert found.trouble


@pytest.mark.qemu
async def test_a_guest_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "boot_sector", lambda: (b"\xfa\xf4\xeb\xfd").ljust(510, b"\0") + b"\x55\xaa")
    found = await trial.boot(tmp_path / "test-boot", seconds=1.5)
    assert found.obstacle is Obstacle.SILENT
    assert not (tmp_path / "test-boot").exists()


@pytest.mark.qemu
async def test_a_qemu_that_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "arguments", lambda tools, _: (tools.system, "-no-such-option"))
    found = await trial.boot(tmp_path / "test-boot")
    assert found.obstacle is Obstacle.OTHER
    assert "no-such-option" in found.trouble
    monkeypatch.setattr(trial, "arguments", lambda _tools, _bench: (str(tmp_path / "none"),))
    assert (await trial.boot(tmp_path / "test-boot")).obstacle is Obstacle.OTHER


@pytest.mark.qemu
async def test_a_place_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert (await trial.boot(tmp_path / "file")).obstacle is Obstacle.DISK


@pytest.mark.qemu
@pytest.mark.skipif(sys.platform == "win32", reason="starts QEMU past the driver")
def test_what_a_killed_one_left_is_swept(tmp_path: Path) -> None:
    place = tmp_path / "test-boot"
    tools = asyncio.run(locate())
    with shared.bench(place, trial.KIND) as bench:
        bench.image.write_bytes((b"\xfa\xf4\xeb\xfd").ljust(510, b"\0") + b"\x55\xaa" + bytes(1024))
    process = subprocess.Popen(trial.arguments(tools, bench), stdin=subprocess.DEVNULL)
    try:
        while not (bench.folder / "pid").exists() or not (bench.folder / "pid").read_text(encoding="ascii").strip():
            assert process.poll() is None
        asyncio.run(trial.sweep(place))
        process.wait(10)
        assert not place.exists()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.qemu
def test_a_number_that_is_anothers_by_now_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "test-boot"
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with shared.bench(place, trial.KIND) as bench:
            (bench.folder / "pid").write_text(str(other.pid), encoding="ascii")
        asyncio.run(trial.sweep(place))
        assert other.poll() is None
        assert not place.exists()
    finally:
        other.communicate(b"\n")


def test_what_can_not_be_removed_now_stays_for_the_next_sweep(tmp_path: Path) -> None:
    gone = shared.Bench(tmp_path / "test-boot" / "qemu-x")
    shared.remove(gone)
    assert not gone.folder.exists()
