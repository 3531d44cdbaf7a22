"""The API road on real VirtualBox: VMs with a process, what is heard of them, and no hanging whatever ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import CommandFailed, HypervisorBroken, SnapshotNotFound, T4TError, VmWrongState
from t4t.domain.vm import PortForward, VmId, VmState
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import processes
from t4t.hypervisor.virtualbox.manage import ManageRoad

if TYPE_CHECKING:
    from t4t.hypervisor.virtualbox.api.road import ApiRoad
from lab.api_vms import Vms, api, ended, exists, hearing, kill, manage, shown, until

pytestmark = pytest.mark.virtualbox

_HELD = """
import sys, warnings
warnings.simplefilter("ignore")
import vboxapi
manager = vboxapi.VirtualBoxManager(None, None)
session = manager.getSessionObject(None)
manager.getVirtualBox().findMachine(sys.argv[1]).lockMachine(session, manager.constants.LockType_Write)
print("held", flush=True)
sys.stdin.read()
session.unlockMachine()
"""


# --- a VM with a process ----------------------------------------------------------------------------------------------


async def test_pause_and_resume(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    await road.pause(vm)
    assert (await shown(vm)).state is VmState.PAUSED
    with pytest.raises(VmWrongState):
        await road.pause(vm)
    with pytest.raises(VmWrongState):
        await road.set_cap(vm, 50, live=True)
    await road.resume(vm)
    assert (await shown(vm)).state is VmState.RUNNING
    with pytest.raises(VmWrongState):
        await road.resume(vm)


async def test_settings_of_a_running_vm(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    await road.set_cap(vm, 30, live=True)
    await road.set_link(vm, up=False, live=True)
    await road.set_bandwidth(vm, 10)
    await road.forward(vm, [PortForward(name="web", guest_port=81, host_port=18081)], live=True)
    seen = await shown(vm)
    assert (seen.cap_percent, seen.link_up, seen.groups[0].bytes_per_second, seen.rules[0].host_port) == (30, False, 10240, 18081)
    await road.unforward(vm, ["web"], live=True)
    assert (await shown(vm)).rules == ()
    with pytest.raises(VmWrongState):
        await road.set_resources(vm, cores=1)
    await road.power_off(vm)
    assert (await shown(vm)).cap_percent == 30  # it was saved


async def test_save_restore_discard(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    await road.save(vm)
    assert (await road.machine(vm)).state is VmState.SAVED
    with pytest.raises(VmWrongState):
        await road.pause(vm)
    await road.start(vm)
    assert (await road.machine(vm)).state is VmState.RUNNING
    await road.pause(vm)
    await road.save(vm)
    await road.discard(vm)
    seen = await shown(vm)
    assert seen.state is VmState.POWERED_OFF
    assert seen.state_file == ""
    with pytest.raises(VmWrongState):
        await road.discard(vm)


async def test_power_off_and_start_again_at_once(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    with pytest.raises(T4TError):
        await road.start(vm)  # it runs
    await road.power_off(vm)
    assert (await road.machine(vm)).state is VmState.POWERED_OFF
    with pytest.raises(VmWrongState):
        await road.power_off(vm)
    await road.start(vm)  # the lock of the process that ends is waited for
    await road.press_button(vm)
    await road.power_off(vm)
    await road.unregister(vm)
    assert all(one.vm_id != vm for one in await road.registered())


async def test_a_picture_of_the_screen(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    async with asyncio.timeout(10):
        while True:
            try:
                picture = await road.screenshot(vm)
                break
            except CommandFailed:  # no screen yet
                await asyncio.sleep(0.1)
    assert picture.startswith(b"\x89PNG\r\n")
    await road.pause(vm)
    assert (await road.screenshot(vm)).startswith(b"\x89PNG\r\n")
    await road.power_off(vm)
    with pytest.raises(VmWrongState):
        await road.screenshot(vm)


async def test_snapshots(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    first = await road.take_snapshot(vm, "first")
    assert (await road.machine(vm)).state is VmState.RUNNING
    await road.pause(vm)
    second = await road.take_snapshot(vm, "second")
    assert (await road.machine(vm)).state is VmState.PAUSED
    assert [(one.name, one.uuid, one.node) for one in (await road.machine(vm)).snapshots] == [("first", first, ""), ("second", second, "-1")]
    await road.delete_snapshot(vm, first)
    with pytest.raises(VmWrongState):
        await road.restore_snapshot(vm, second)
    with pytest.raises(SnapshotNotFound):
        await road.delete_snapshot(vm, first)
    await road.power_off(vm)
    await road.restore_snapshot(vm, second)
    assert (await road.machine(vm)).state is VmState.SAVED
    await road.start(vm)
    await road.power_off(vm)
    await road.delete_snapshot(vm, second)
    with pytest.raises(SnapshotNotFound):
        await road.restore_snapshot(vm, second)
    third = await road.take_snapshot(vm, "third")  # of a VM that is off
    assert [one.uuid for one in (await road.machine(vm)).snapshots] == [third]


async def test_one_vm_does_not_wait_for_another(road: ApiRoad, vms: Vms) -> None:
    first = await vms.running()
    second = (await vms.make()).vm_id
    starting = asyncio.create_task(road.start(second))
    times = []
    while not starting.done():
        begun = time.monotonic()
        await road.pause(first)
        await road.resume(first)
        times.append(time.monotonic() - begun)
    await starting
    assert len(times) > 3
    assert min(times) < 0.3


async def test_a_vm_that_another_program_holds_is_busy(road: ApiRoad, vms: Vms) -> None:
    vm = (await vms.make()).vm_id
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", _HELD, vm, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    waiting = asyncio.create_task(road.set_cap(vm, 40, live=False))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    holder.stdin.close()
    await waiting
    assert (await road.machine(vm)).cap_percent == 40
    await holder.wait()


async def test_a_cancelled_call_leaves_the_road_usable(road: ApiRoad, vms: Vms) -> None:
    vm = (await vms.make()).vm_id
    starting = asyncio.create_task(road.start(vm))
    await asyncio.sleep(0.1)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    async def running() -> bool:
        return (await road.machine(vm)).state is VmState.RUNNING

    await until(running, "what was begun ends by itself")
    await road.pause(vm)


# --- what is heard ----------------------------------------------------------------------------------------------------


async def _heard(heard: asyncio.Queue[VmId | None], vm: VmId | None, seconds: float = 10) -> float:
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while await heard.get() != vm:
            pass
    return time.monotonic() - begun


async def test_a_pause_from_outside_is_heard_at_once(road: ApiRoad, vms: Vms, capsys: pytest.CaptureFixture[str]) -> None:
    vm = await vms.running()
    async with hearing(road) as heard:
        await asyncio.sleep(0.5)
        while not heard.empty():
            heard.get_nowait()
        await manage("controlvm", vm, "pause")
        seconds = await _heard(heard, vm)
        assert (await road.machine(vm)).state is VmState.PAUSED
        with capsys.disabled():
            sys.stdout.write(f"\n    pause from outside heard {1000 * seconds:.0f} ms after VBoxManage ended\n")
        assert seconds < 1


async def test_a_snapshot_and_a_vm_from_outside_are_heard(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    async with hearing(road) as heard:
        await manage("snapshot", vm, "take", "theirs")
        await _heard(heard, vm)
        assert [one.name for one in (await road.machine(vm)).snapshots] == ["theirs"]
        await manage("controlvm", vm, "poweroff")
        await _heard(heard, vm)
        by_hand = ManageRoad(clock=RealClock())
        await by_hand.open()
        other = (await vms.make(by_hand)).vm_id
        await _heard(heard, other)
        await road.unregister(other)
        await _heard(heard, other)


async def test_a_killed_vm_is_heard_and_its_session_is_not_its_cause(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    await road.pause(vm)
    await road.resume(vm)
    owned = processes.find_vm(vm)
    assert owned is not None
    async with hearing(road) as heard:
        kill(owned.pid)

        async def aborted() -> bool:
            await heard.get()
            return (await road.machine(vm)).state is VmState.ABORTED

        async with asyncio.timeout(5):
            await until(aborted, "aborted")
    with pytest.raises(VmWrongState) as refused:
        await road.pause(vm)
    assert refused.value.state == "aborted"
    await road.start(vm)
    await road.pause(vm)


async def test_the_end_of_vboxsvc_is_heard_and_nothing_hangs(road: ApiRoad, vms: Vms, capsys: pytest.CaptureFixture[str]) -> None:
    vm = await vms.running()
    await road.pause(vm)
    server, owned = processes.find_server(), processes.find_vm(vm)
    assert server is not None
    assert owned is not None
    async with hearing(road) as heard:
        begun = time.monotonic()
        kill(server.pid)
        in_flight = asyncio.create_task(road.machine(vm))
        await _heard(heard, None, seconds=2)
        seconds = time.monotonic() - begun
        with pytest.raises(HypervisorBroken):
            await in_flight
        assert processes.find_vm(vm) == owned
        waiting = asyncio.create_task(road.machine(vm))
        await asyncio.sleep(1.5)
        assert not waiting.done()
        kill(owned.pid)  # it holds VBoxSVC's socket: until then nobody can connect
        assert (await waiting).vm_id == vm
        await ended(vm)
        assert (await road.machine(vm)).state in {VmState.POWERED_OFF, VmState.ABORTED}
        await road.start(vm)
        await _heard(heard, vm)
    with capsys.disabled():
        sys.stdout.write(f"\n    end of VBoxSVC heard after {1000 * seconds:.0f} ms\n")


async def test_a_worker_that_dies_is_one_broken_call_and_the_next_opens_again(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    assert road.pid is not None
    async with hearing(road) as heard:
        kill(road.pid)
        await _heard(heard, None)
        await road.pause(vm)
        assert (await road.machine(vm)).state is VmState.PAUSED


async def _to_the_end(road: ApiRoad) -> None:
    async for _ in road.changes():
        pass


async def test_closing_is_at_once_and_vms_go_on(vms: Vms) -> None:
    vm = await vms.running()
    other = api()
    await other.open()
    await other.pause(vm)
    ended = asyncio.create_task(_to_the_end(other))
    await asyncio.sleep(0.2)
    pid = other.pid
    assert pid is not None
    begun = time.monotonic()
    await other.close()
    assert time.monotonic() - begun < 1
    async with asyncio.timeout(1):
        await ended
    assert not exists(f"/proc/{pid}")
    assert (await shown(vm)).state is VmState.PAUSED
    with pytest.raises(HypervisorBroken):
        await other.pause(vm)
