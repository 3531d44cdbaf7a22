"""The API road's end of the pipe, with a real process at the other end that has no VirtualBox."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import CommandFailed, HypervisorBroken, HypervisorMissing, VmBusy
from t4t.domain.vm import BootDisk, DiskFormat, PortForward, Share, VmId, VmSpec
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox.api import wire
from t4t.hypervisor.virtualbox.api.choice import opens
from t4t.hypervisor.virtualbox.api.road import ApiRoad, WorkerBug
from t4t.hypervisor.virtualbox.options import Choices
from t4t.hypervisor.virtualbox.versions import Version
from t4t.hypervisor.virtualbox.view import Attachment
from t4t.hypervisor.wire import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for VBoxManage is a script")

WORKER = Path(__file__).resolve().parents[3] / "support/vbox_api_worker.py"
ONE = VmId("one")


def make(folder: Path, *more: str, command: tuple[str, ...] | None = None) -> ApiRoad:
    manage = folder / "VBoxManage"
    if not manage.exists():
        manage.write_text("#!/bin/sh\ncase $1 in --version) echo 7.2.22r1;; *) echo 'VBoxManage: error: no' >&2; exit 1;; esac\n")
        manage.chmod(0o755)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[4] / "app")}
    return ApiRoad(clock=RealClock(), search=str(manage), command=command or (sys.executable, str(WORKER), *more), environment=environment)


def connected(road: ApiRoad) -> bool:
    return road.pid is not None


@pytest.fixture
async def road(tmp_path: Path) -> AsyncIterator[ApiRoad]:
    made = make(tmp_path)
    await made.open()
    await made.home()
    yield made
    await made.close()


async def test_open_close_and_what_it_is(tmp_path: Path) -> None:
    road = make(tmp_path)
    assert road.pid is None
    with pytest.raises(HypervisorBroken, match="before it was opened"):
        await road.pause(ONE)
    with pytest.raises(HypervisorBroken, match="before it was opened"):
        await road.convert_raw("a", "b", "c")
    assert await road.open() == Version(7, 2, 22)
    assert not connected(road)  # the first command connects
    await road.pause(ONE)
    assert connected(road)
    pid = road.pid
    assert await road.open() == Version(7, 2, 22)
    await road.resume(ONE)
    assert road.pid == pid
    assert (road.name, road.look_seconds) == ("api", None)
    await road.close()
    assert road.pid is None
    with pytest.raises(HypervisorBroken, match="closed"):
        await road.pause(ONE)


async def test_one_that_is_held_up_and_refused_is_tried_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t4t.hypervisor.virtualbox.api.road._HELD_UP_SECONDS", 0.0)
    road = make(tmp_path, f"refuses={tmp_path / 'refused'}")
    await road.open()
    await road.pause(ONE)
    await road.close()
    monkeypatch.setattr("t4t.hypervisor.virtualbox.api.road._HELD_UP_SECONDS", 60.0)
    (tmp_path / "refused").unlink()
    road = make(tmp_path, f"refuses={tmp_path / 'refused'}")
    await road.open()
    with pytest.raises(HypervisorBroken, match="ended with 4"):
        await road.pause(ONE)


async def test_every_command_reaches_the_worker_with_arguments_that_fit(road: ApiRoad) -> None:
    """The worker converts them by the table; the answers are those of the double."""
    spec = VmSpec(vm_id=ONE, name="one", boot=BootDisk("/a.vdi", DiskFormat.VDI), shares=(Share("s", "/s"),), ports=(PortForward(name="w", guest_port=80),))
    assert str(await road.home()) == "text"
    assert await road.extra(ONE, "key") == "text"  # noqa: S610 - no Django here
    await road.create(spec, Choices(version=Version(7, 2), base_folder="/x", owner="o"))
    await road.introduce(spec, "/b.vdi")
    await road.attach_base(spec, "/b.vdi")
    await road.detach(ONE, Attachment(controller="c", port=0, device=0, path="/b"))
    await road.close_medium("/b.vdi", delete=True)
    await road.unregister(ONE)
    await road.shape(ONE, 5)
    await road.set_resources(ONE, cores=1)
    await road.share(ONE, Share("s", "/s"))
    await road.unshare(ONE, "s")
    await road.discard(ONE)
    await road.start(ONE)
    await road.set_cap(ONE, 50, live=True)
    await road.set_link(ONE, up=True, live=False)
    await road.set_bandwidth(ONE, 5)
    await road.forward(ONE, [PortForward(name="w", guest_port=80)], live=True)
    await road.unforward(ONE, ["w"], live=True)
    await road.resume(ONE)
    await road.save(ONE)
    await road.power_off(ONE)
    await road.press_button(ONE)
    assert await road.take_snapshot(ONE, "s") == "text"
    await road.restore_snapshot(ONE, "u")
    await road.delete_snapshot(ONE, "u")
    with pytest.raises(CommandFailed):  # VBoxManage's stand-in refuses
        await road.convert_raw("a", "b", "c")


async def test_answers_of_another_kind_are_not_taken(road: ApiRoad) -> None:
    for question in (road.machine(ONE), road.screenshot(ONE), road.registered(), road.media()):
        with pytest.raises(HypervisorBroken, match="not understood"):  # the double has no VMs and says null
            await question


async def test_errors_and_bugs(road: ApiRoad) -> None:
    with pytest.raises(VmBusy) as busy:
        await road.pause(VmId("busy"))
    assert busy.value.detail == "locked"
    with pytest.raises(WorkerBug, match="ZeroDivision"):
        await road.pause(VmId("bug"))
    await road.pause(ONE)


async def test_changes_are_heard_by_all_until_the_end(road: ApiRoad) -> None:
    heard: list[list[VmId | None]] = [[], []]

    async def hear(into: list[VmId | None]) -> None:
        async for one in road.changes():
            into.append(one)  # noqa: PERF401 - as it comes

    tasks = [asyncio.create_task(hear(into)) for into in heard]
    await asyncio.sleep(0)
    await road.pause(VmId("changes"))
    await road.close()
    await asyncio.gather(*tasks)
    assert heard == [["changes"], ["changes"]]


async def test_a_worker_that_dies_breaks_what_waits_and_is_started_again(road: ApiRoad) -> None:
    changes = road.changes()
    first = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(road.pause(VmId("hangs")))
    with pytest.raises(HypervisorBroken, match="ended with 4"):
        await road.pause(VmId("dies"))
    with pytest.raises(HypervisorBroken):
        await waiting
    assert await first is None
    assert road.pid is None
    assert await road.open() == Version(7, 2, 22)  # it knows; connecting is for the next command
    assert road.pid is None
    await asyncio.gather(road.pause(ONE), road.resume(ONE))
    assert road.pid is not None


async def test_a_worker_that_hangs_is_ended(road: ApiRoad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(wire.CALLS, "pause", Call({"vm": VmId}, None, 0.05))
    pid = road.pid
    assert pid is not None
    with pytest.raises(HypervisorBroken, match="took over"):
        await road.pause(VmId("hangs"))
    assert road.pid is None
    await road.resume(ONE)
    assert road.pid not in {None, pid}


async def test_a_cancelled_call_leaves_the_worker(road: ApiRoad) -> None:
    pid = road.pid
    waiting = asyncio.create_task(road.pause(VmId("hangs")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await road.pause(ONE)
    assert road.pid == pid


async def test_a_stopped_worker_does_not_hold_up_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t4t.hypervisor.virtualbox.api.road._GOODBYE_SECONDS", 0.05)
    road = make(tmp_path)
    await road.open()
    await road.home()
    assert road.pid is not None
    os.kill(road.pid, signal.SIGSTOP)
    async with asyncio.timeout(5):
        await road.close()
    assert road.pid is None


async def test_whether_it_opens(tmp_path: Path) -> None:
    road = make(tmp_path)
    assert await opens(road)
    await road.pause(ONE)
    await road.close()
    for command in ((sys.executable, str(WORKER), "deaf"), (str(tmp_path / "nothing"),)):
        shut = make(tmp_path, command=command)
        assert not await opens(shut)
        with pytest.raises(HypervisorBroken):
            await shut.home()


async def test_no_virtualbox_is_missing(tmp_path: Path) -> None:
    with pytest.raises(HypervisorMissing):
        await ApiRoad(clock=RealClock(), search=str(tmp_path / "nowhere")).open()
