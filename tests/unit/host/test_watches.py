"""Slow looks: a real disk and real files where they can be had."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from support.host_doubles import FedByHand, Retries
from t4t.domain.host_events import DiskChanged, DiskLimits, DiskState, Power, ProgramReplaced, Woke
from t4t.host import clocks, power, watches
from t4t.host.watches import LOOK_SECONDS, SlowLook, Watched, aside, free_mib, identity

if TYPE_CHECKING:
    from pathlib import Path


def test_identity(tmp_path: Path) -> None:
    program = tmp_path / "VBoxManage"
    assert identity(program) is None
    program.write_bytes(b"old")
    before = identity(program)
    assert before == identity(program)
    new = tmp_path / "new"
    new.write_bytes(b"new")
    new.replace(program)
    assert identity(program) not in {None, before}


def test_free(tmp_path: Path) -> None:
    free, device = free_mib(tmp_path, None)
    assert free is not None
    assert device == tmp_path.stat().st_dev
    again, _ = free_mib(tmp_path, device)
    assert again == pytest.approx(free, rel=0.5)
    assert device is not None
    assert free_mib(tmp_path, device + 1) == (None, device + 1), "another disk is in its place"
    assert free_mib(tmp_path / "gone", device) == (None, device)


async def test_everything_is_looked_at_again_and_again(tmp_path: Path) -> None:
    program = tmp_path / "VBoxManage"
    program.write_bytes(b"old")
    hand, rests, asked = FedByHand(), Retries(), []
    look = SlowLook(hand.feed, Watched(folder=tmp_path, programs=(program,), limits=DiskLimits(low_mib=0, full_mib=0)), rests, also=(lambda: asked.append(1),))
    await look.start()
    assert hand.drained() == []
    assert asked == [1]
    running = asyncio.get_running_loop().create_task(look.run())
    await rests.begun()
    program.unlink()
    hand.sleep_for(100)
    await rests.next()
    assert await hand.next() == Woke(slept_s=100)
    await rests.next()
    assert await hand.next() == ProgramReplaced(path=str(program), present=False)
    program.write_bytes(b"new one")
    await rests.next()
    await rests.next()
    assert await hand.next() == ProgramReplaced(path=str(program), present=True)
    running.cancel()
    assert set(rests.waits) == {LOOK_SECONDS}
    await look.hold("nothing")
    await look.release()
    look.close()


async def test_a_disk_that_fills_and_goes(tmp_path: Path) -> None:
    hand = FedByHand()
    answers: list[tuple[int | None, int | None]] = [(9999, 1), (100, 1), (1, 1), (None, 1), (9999, 1)]
    asked: list[int | None] = []

    def free(folder: Path, device: int | None) -> tuple[int | None, int | None]:
        assert folder == tmp_path
        asked.append(device)
        return answers.pop(0)

    look = SlowLook(hand.feed, Watched(folder=tmp_path, limits=DiskLimits(low_mib=1000, full_mib=50)), Retries(), free=free)
    states = []
    for _ in range(5):
        await look.look()
        states += hand.drained()
    assert states == [
        DiskChanged(state=DiskState.LOW, free_mib=100),
        DiskChanged(state=DiskState.FULL, free_mib=1),
        DiskChanged(state=DiskState.GONE, free_mib=0),
        DiskChanged(state=DiskState.FINE, free_mib=9999),
    ]
    assert asked == [None, 1, 1, 1, 1]


async def test_a_disk_that_does_not_answer_is_asked_once_and_counts_as_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "_HUNG_SECONDS", 0.01)
    hand, answer, asked = FedByHand(), threading.Event(), []

    def free(_folder: Path, _device: int | None) -> tuple[int | None, int | None]:
        asked.append(1)
        answer.wait(30)
        return 9999, 1

    look = SlowLook(hand.feed, Watched(folder=tmp_path), Retries(), free=free)
    for _ in range(3):
        await look.look()
    assert hand.drained() == [DiskChanged(state=DiskState.GONE, free_mib=0)]
    assert asked == [1]
    answer.set()
    monkeypatch.setattr(watches, "_HUNG_SECONDS", 30)
    await look.look()
    assert hand.drained() == [DiskChanged(state=DiskState.FINE, free_mib=9999)]


def test_clocks() -> None:
    first, second = clocks.read(), clocks.read()
    assert second.awake_s >= first.awake_s
    assert second.elapsed_s >= first.elapsed_s
    assert first.wall_s == pytest.approx(time.time(), abs=60)
    assert first.offset_s == time.localtime().tm_gmtoff


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' C library asks the system, not the environment")
def test_a_new_zone_is_seen_by_a_running_process(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        for zone, offset in (("ONE-3", 3 * 3600), ("OTHER4", -4 * 3600)):
            monkeypatch.setenv("TZ", zone)
            assert clocks.read().offset_s == offset
    finally:
        monkeypatch.undo()
        clocks.read()


@pytest.mark.parametrize(
    ("battery", "expected"),
    [
        (None, None),
        ((50.0, True), Power(percent=50.0)),
        ((50.0, None), Power(percent=50.0)),
        ((50.0, False), Power(on_battery=True, percent=50.0)),
    ],
)
def test_power(monkeypatch: pytest.MonkeyPatch, battery: tuple[float, bool | None] | None, expected: Power | None) -> None:
    said = None if battery is None else type("Battery", (), {"percent": battery[0], "power_plugged": battery[1]})
    monkeypatch.setattr(psutil, "sensors_battery", lambda: said, raising=False)
    assert power.look() == expected


def test_power_of_a_system_that_knows_nothing_of_batteries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    assert power.look() is None


def test_a_battery_that_is_being_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise FileNotFoundError

    monkeypatch.setattr(psutil, "sensors_battery", gone, raising=False)
    assert power.look() is None


async def test_what_is_asked_aside_may_fail() -> None:
    def fail() -> int:
        raise PermissionError("no")

    with pytest.raises(PermissionError):
        await aside(fail)
    assert await aside(lambda: 7) == 7
