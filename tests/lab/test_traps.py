"""What VirtualBox gets wrong or leaves to its callers, provoked on the real thing, by each road."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import psutil
import pytest

from support.qemu_rig import kill_and_wait
from support.virtualbox_rig import ROADS, VBOXMANAGE, VirtualBoxRig, vboxmanage
from t4t.domain.errors import CommandFailed, HypervisorBroken, NotEnoughDisk, StateUnreadable, VmWrongState
from t4t.domain.vm import PortForward, VmEvent, VmId, VmState
from t4t.hypervisor.virtualbox import processes
from t4t.hypervisor.virtualbox.record import Records, replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from t4t.hypervisor import process
    from t4t.hypervisor.driver import Driver
    from t4t.hypervisor.virtualbox.record import VmRecord

pytestmark = pytest.mark.virtualbox


@pytest.fixture(params=sorted(ROADS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path, appliance_dir: Path) -> AsyncIterator[VirtualBoxRig]:
    made = VirtualBoxRig(tmp_path, appliance_dir, ROADS[request.param])
    yield made
    await made.close()


@pytest.fixture
def driver(rig: VirtualBoxRig) -> Driver:
    return rig.driver()


async def started(rig: VirtualBoxRig, driver: Driver, **changes: object) -> VmId:
    spec = rig.spec(guest=False, **changes)
    await driver.create(spec)
    await driver.start(spec.vm_id)
    return spec.vm_id


async def state(driver: Driver, vm_id: VmId) -> VmState:
    return (await driver.inspect(vm_id))[0].state


def edit(rig: VirtualBoxRig, vm_id: VmId, change: Callable[[VmRecord], VmRecord]) -> None:
    records = Records(rig.data / "vms", "contract")
    records.save(change(records.load(vm_id)))


def running_processes(vm_id: VmId) -> list[int]:
    """All processes that run the VM."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if processes.is_process_of(vm_id, one.name(), one.cmdline()):
                found.append(one.pid)
    return found


@contextlib.asynccontextmanager
async def watched(driver: Driver) -> AsyncIterator[list[VmEvent]]:
    """What `watch` tells meanwhile."""
    seen: list[VmEvent] = []

    async def listen() -> None:
        async for event in driver.watch():
            seen.append(event)  # noqa: PERF401 - it never ends

    listening = asyncio.create_task(listen())
    try:
        yield seen
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def server() -> process.ProcessId:
    found = processes.find_server()
    assert found is not None
    return found


def saw(seen: list[VmEvent], vm_id: VmId, wanted: VmState) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return VmEvent(vm_id=vm_id, state=wanted) in seen

    return check


async def test_a_rule_with_a_busy_port_that_virtualbox_takes_without_a_word(rig: VirtualBoxRig, driver: Driver) -> None:
    """Somebody is quicker between our choice and VirtualBox's start."""
    spec = rig.spec(guest=False, ports=(PortForward(name="web", guest_port=80),))
    await driver.create(spec)
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    try:
        await vboxmanage("modifyvm", spec.vm_id, "--nat-pf1", "delete", "web")
        await vboxmanage("modifyvm", spec.vm_id, "--nat-pf1", f"web,tcp,127.0.0.1,{port},,80")
        info = await driver.start(spec.vm_id)
        assert info.ports[0].host_port not in {0, port}
        listening = [one.laddr.port for one in psutil.Process(info.pid).net_connections("tcp4") if one.status == psutil.CONN_LISTEN]
        assert info.ports[0].host_port in listening
    finally:
        taken.close()


@pytest.mark.parametrize("kept", [0.4, 0.0, -1.0])
async def test_a_cut_saved_state_is_told_before_virtualbox_hangs_on_it(rig: VirtualBoxRig, driver: Driver, kept: float) -> None:
    vm_id = await started(rig, driver)
    await driver.save(vm_id)
    file = rig.saved_state(vm_id)
    if kept < 0:
        file.unlink()
    else:
        os.truncate(file, int(file.stat().st_size * kept))
    with pytest.raises(StateUnreadable):
        await driver.start(vm_id)
    assert running_processes(vm_id) == []
    assert (await driver.discard_state(vm_id)).state is VmState.POWERED_OFF
    assert (await driver.start(vm_id)).state is VmState.RUNNING


async def test_a_restore_that_never_ends_is_ended(rig: VirtualBoxRig, driver: Driver) -> None:
    """VirtualBox itself waits for ever for the rest of a file that was cut."""
    vm_id = await started(rig, driver)
    await driver.save(vm_id)
    file = rig.saved_state(vm_id)
    os.truncate(file, file.stat().st_size - 100)
    edit(rig, vm_id, lambda record: replace(record, state_bytes=1))
    with pytest.raises(StateUnreadable):
        await driver.start(vm_id)
    assert file.is_file(), "the state is kept"
    assert running_processes(vm_id) == []
    assert await state(driver, vm_id) in {VmState.ABORTED_SAVED, VmState.SAVED}
    assert (await driver.discard_state(vm_id)).state is VmState.POWERED_OFF
    assert (await driver.start(vm_id)).state is VmState.RUNNING


async def test_vboxsvc_killed_and_no_second_process_on_the_disk(rig: VirtualBoxRig, driver: Driver) -> None:
    vm_id = await started(rig, driver)
    first = (await driver.inspect(vm_id))[0]
    async with watched(driver) as seen:
        await rig.eventually(saw(seen, vm_id, VmState.RUNNING), seconds=10, what="the present state")
        await kill_and_wait(server().pid)

        async def known() -> bool:
            return (await driver.inspect(vm_id))[0].raw_state == "orphaned"

        await rig.eventually(known, seconds=5, what="the driver to see that VirtualBox forgot it")
        found = (await driver.inspect(vm_id))[0]
        assert (found.state, found.pid) == (VmState.RUNNING, first.pid), "its process lives: it runs"
        assert {event.state for event in seen} == {VmState.RUNNING}
    with pytest.raises(HypervisorBroken):
        await driver.pause(vm_id)
    again = await driver.start(vm_id)
    assert again.state is VmState.RUNNING
    assert running_processes(vm_id) == [again.pid]
    assert again.pid != first.pid
    assert (await driver.pause(vm_id)).state is VmState.PAUSED


async def test_a_driver_that_comes_after_vboxsvcs_death_finds_the_orphan(rig: VirtualBoxRig, driver: Driver) -> None:
    vm_id = await started(rig, driver)
    await driver.close()
    await kill_and_wait(server().pid)
    edit(rig, vm_id, lambda record: replace(record, pid=None, started=None))
    heir = rig.driver()
    again = await heir.start(vm_id)
    assert running_processes(vm_id) == [again.pid]


async def test_an_orphan_is_powered_off_and_deleted(rig: VirtualBoxRig, driver: Driver) -> None:
    first, second = await started(rig, driver), await started(rig, driver)
    await kill_and_wait(server().pid)
    assert (await driver.power_off(first)).state is VmState.POWERED_OFF
    await driver.delete(second)
    assert running_processes(first) + running_processes(second) == []
    assert {info.vm_id for info in await driver.inspect()} == {first}


async def test_the_death_of_an_orphan_is_an_abort(rig: VirtualBoxRig, driver: Driver) -> None:
    vm_id = await started(rig, driver)
    pid = (await driver.inspect(vm_id))[0].pid
    assert pid is not None
    await kill_and_wait(server().pid)
    assert await state(driver, vm_id) is VmState.RUNNING
    await kill_and_wait(pid)

    async def aborted() -> bool:
        return await state(driver, vm_id) is VmState.ABORTED

    await rig.eventually(aborted, seconds=5, what="the dead orphan to be noticed")


async def test_a_lock_that_outlives_the_state(rig: VirtualBoxRig, driver: Driver) -> None:
    """Right after each end something that needs the lock."""
    vm_id = await started(rig, driver)
    await driver.power_off(vm_id)
    await driver.start(vm_id)
    await driver.save(vm_id)
    await driver.start(vm_id)
    info = (await driver.inspect(vm_id))[0]
    await rig.kill_process(info)
    await driver.start(vm_id)
    await driver.delete(vm_id)
    assert str(vm_id) not in await vboxmanage("list", "vms")


async def test_discarding_what_is_not_there(rig: VirtualBoxRig, driver: Driver) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    road = rig.road()
    await road.open()
    with pytest.raises((CommandFailed, VmWrongState)):
        await road.discard(spec.vm_id)
    await road.close()
    await driver.start(spec.vm_id)
    await driver.save(spec.vm_id)
    await vboxmanage("discardstate", spec.vm_id)
    assert (await driver.discard_state(spec.vm_id)).state is VmState.POWERED_OFF


async def test_a_disk_that_is_full_while_it_saves(rig: VirtualBoxRig, driver: Driver, small_disk: Path) -> None:
    """There was space when we looked; VirtualBox only says "failed"."""
    rig.data.rmdir()
    rig.data.symlink_to(small_disk)
    vm_id = await started(rig, driver)
    filler = small_disk / "filler"
    with filler.open("wb") as file, contextlib.suppress(OSError):
        while shutil.disk_usage(small_disk).free > 100_000:
            file.write(bytes(min(1 << 20, shutil.disk_usage(small_disk).free - 50_000)))
            file.flush()
    rig.pretended_free = 1 << 40
    with pytest.raises(NotEnoughDisk) as refused:
        await driver.save(vm_id)
    assert refused.value.needed_mib > 64
    assert await state(driver, vm_id) is VmState.RUNNING
    filler.unlink()
    assert (await driver.save(vm_id)).state is VmState.SAVED


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 MB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


async def test_another_home_hides_every_vm(rig: VirtualBoxRig, driver: Driver, tmp_path: Path) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    files = sorted(path for path in rig.data.rglob("*") if path.is_file())
    await kill_and_wait(server().pid)
    other = {**os.environ, "VBOX_USER_HOME": str(tmp_path / "other")}
    stranger = await asyncio.create_subprocess_exec(VBOXMANAGE, "list", "vms", env=other, stdout=subprocess.PIPE)
    out, _ = await stranger.communicate()
    assert spec.vm_id.encode() not in out
    for attempt in (
        driver.inspect(spec.vm_id),
        driver.start(spec.vm_id),
        driver.delete(spec.vm_id),
        rig.driver().inspect(),
        driver.create(rig.spec(guest=False)),
    ):
        with pytest.raises(HypervisorBroken):
            await attempt
    assert set(files) <= {path for path in rig.data.rglob("*") if path.is_file()}, "nothing was cleaned up"
    await kill_and_wait(server().pid)
    heir = rig.driver()
    assert await state(heir, spec.vm_id) is VmState.POWERED_OFF
    assert (await heir.start(spec.vm_id)).state is VmState.RUNNING


async def test_a_pause_by_hand_is_seen_and_ends_nothing(rig: VirtualBoxRig, driver: Driver) -> None:
    vm_id = await started(rig, driver)
    async with watched(driver) as seen:
        await rig.eventually(saw(seen, vm_id, VmState.RUNNING), seconds=10, what="the present state")
        await vboxmanage("controlvm", vm_id, "pause")
        await rig.eventually(saw(seen, vm_id, VmState.PAUSED), seconds=5, what="somebody's pause")
        assert (await driver.resume(vm_id)).state is VmState.RUNNING


async def test_a_snapshot_by_hand_ends_nothing(rig: VirtualBoxRig, driver: Driver) -> None:
    vm_id = await started(rig, driver)
    async with watched(driver) as seen:
        taking = asyncio.create_task(vboxmanage("snapshot", vm_id, "take", "by hand"))
        while not taking.done():
            assert (await state(driver, vm_id)).alive
        await taking

        async def runs() -> bool:
            return await state(driver, vm_id) is VmState.RUNNING

        await rig.eventually(runs, seconds=10, what="the VM to run on")
        assert all(event.state.alive for event in seen)
    assert await driver.snapshots(vm_id) == ()
    await driver.delete(vm_id)


async def test_a_recycled_pid_is_never_killed(rig: VirtualBoxRig, driver: Driver) -> None:
    vm_id = await started(rig, driver)
    info = (await driver.inspect(vm_id))[0]
    await driver.close()
    await rig.kill_process(info)
    innocent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # noqa: ASYNC220 - it must be somebody's process
    try:
        edit(rig, vm_id, lambda record: replace(record, pid=innocent.pid))
        heir = rig.driver()
        assert (await heir.inspect(vm_id))[0].pid is None
        await heir.start(vm_id)
        await heir.power_off(vm_id)
        await heir.delete(vm_id)
        assert innocent.poll() is None
    finally:
        innocent.send_signal(signal.SIGKILL)
        innocent.wait()


async def test_a_driver_killed_while_it_starts_is_followed_by_another(rig: VirtualBoxRig, driver: Driver) -> None:
    """Its record says "starting", VirtualBox goes on by itself."""
    spec = rig.spec(guest=False)
    await driver.create(spec)
    edit(rig, spec.vm_id, lambda record: msgspec.structs.replace(record, intent=type(record.intent)("starting")))
    await vboxmanage("startvm", spec.vm_id, "--type", "headless")
    heir = rig.driver()
    found = (await heir.inspect(spec.vm_id))[0]
    assert (found.state, [found.pid]) == (VmState.RUNNING, running_processes(spec.vm_id))
