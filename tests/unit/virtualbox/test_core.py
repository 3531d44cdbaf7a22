"""The VirtualBox driver on a road in memory: what goes wrong in between."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.double_rig import DoubleRig
from support.qemu_rig import kill_and_wait
from t4t.domain.errors import (
    CommandFailed,
    HypervisorBroken,
    MediumMissing,
    NotEnoughDisk,
    NotSupported,
    PortUnavailable,
    StateUnreadable,
    VmBusy,
    VmLost,
    VmNotFound,
    VmNotOurs,
    VmWrongState,
)
from t4t.domain.vm import Accelerator, BootDisk, DiskFormat, Feature, PortForward, VmChange, VmEvent, VmId, VmState
from t4t.hypervisor import process
from t4t.hypervisor.virtualbox import driver as driver_module
from t4t.hypervisor.virtualbox import options, processes
from t4t.hypervisor.virtualbox.record import Intent, Records, VmRecord, replace
from t4t.hypervisor.virtualbox.view import Attachment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver

WEB = (PortForward(name="web", guest_port=80),)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[DoubleRig]:
    made = DoubleRig(tmp_path)
    yield made
    await made.close()


@pytest.fixture
def driver(rig: DoubleRig) -> VirtualBoxDriver:
    return rig.driver()


async def running(rig: DoubleRig, driver: VirtualBoxDriver, **changes: object) -> VmId:
    spec = rig.spec(guest=False, **changes)
    await driver.create(spec)
    await driver.start(spec.vm_id)
    return spec.vm_id


async def state(driver: VirtualBoxDriver, vm_id: VmId) -> VmState:
    return (await driver.inspect(vm_id))[0].state


def edit(rig: DoubleRig, vm_id: VmId, change: Callable[[VmRecord], VmRecord]) -> None:
    records = Records(rig.data / "vms", "contract")
    records.save(change(records.load(vm_id)))


def vms(rig: DoubleRig) -> list[str]:
    return [path.name for path in (rig.data / "vms").iterdir() if not path.name.startswith(".")]


@pytest.fixture
def vboxsvc(rig: DoubleRig) -> Iterator[Callable[[], process.ProcessId]]:
    """Makes a real process VirtualBox's server."""
    made: list[subprocess.Popen[bytes]] = []

    def make() -> process.ProcessId:
        made.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        found = processes.identity(made[-1].pid)
        assert found is not None
        rig.world.server = found
        return found

    yield make
    for one in made:
        one.kill()
        one.wait()


# --- looking ---------------------------------------------------------------------------------------------------------


async def test_commands_are_told_without_a_look_and_old_news_again(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver, ports=WEB)
    await driver.pause(vm_id)
    await driver.inspect(vm_id)
    await driver.resume(vm_id)
    assert rig.world.calls["machine"] == 0
    await rig.driver().inspect(vm_id)
    assert rig.world.calls["machine"] == 1, "a new driver makes sure that the VM is ours"


async def test_somebodys_pause_is_seen_by_the_log(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    rig.world.vm(vm_id).set("paused")
    assert await state(driver, vm_id) is VmState.PAUSED


async def test_states_without_a_name_are_waited_for(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    rig.world.vm(vm_id).set("onlinesnapshotting")
    assert await state(driver, vm_id) is VmState.UNKNOWN
    for attempt in (driver.start, driver.save):
        with pytest.raises(VmWrongState):
            await attempt(vm_id)
    rig.world.vm(vm_id).set("running")
    assert await state(driver, vm_id) is VmState.RUNNING


async def test_a_vm_of_the_same_id_that_is_not_ours(rig: DoubleRig, driver: VirtualBoxDriver, tmp_path: Path) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    vm = rig.world.vms[spec.vm_id]
    vm.description, theirs = "", tmp_path / "theirs"
    (theirs / "Logs").mkdir(parents=True)
    vm.folder = theirs
    other = rig.driver()
    assert await other.inspect(spec.vm_id) == ()
    for attempt in (other.start, other.delete):
        with pytest.raises(VmNotOurs):
            await attempt(spec.vm_id)
    assert spec.vm_id in rig.world.vms


async def test_another_registry_hides_vms_and_nothing_is_cleaned_up(rig: DoubleRig, driver: VirtualBoxDriver, tmp_path: Path) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    rig.world.forgotten.add(spec.vm_id)
    heir = rig.driver()
    with pytest.raises(HypervisorBroken):
        await heir.inspect(spec.vm_id)
    with pytest.raises(HypervisorBroken):
        await heir.start(spec.vm_id)
    with pytest.raises(HypervisorBroken):
        await heir.delete(spec.vm_id)
    rig.world.home = tmp_path / "elsewhere"
    with pytest.raises(HypervisorBroken):
        await rig.driver().inspect()
    with pytest.raises(HypervisorBroken):
        await rig.driver().probe()
    assert vms(rig) == [spec.vm_id]


async def test_a_vm_that_somebody_removed_whole_is_forgotten(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    vm = rig.world.vms.pop(spec.vm_id)
    (vm.folder / f"{spec.name}.vbox").unlink()
    await driver.delete(spec.vm_id)
    assert vms(rig) == []


async def test_watching_begins_also_when_nothing_can_be_looked_at(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    heir = rig.driver()
    rig.world.fail["machine"] = [HypervisorBroken(hypervisor="VirtualBox", detail="planned")]
    seen: list[VmEvent] = []

    async def listen() -> None:
        async for event in heir.watch():
            seen.append(event)  # noqa: PERF401 - it never ends

    listening = asyncio.create_task(listen())
    rig.world.vm(vm_id)

    async def told() -> bool:
        await heir.inspect()
        await heir.pause(vm_id)
        return VmEvent(vm_id=vm_id, state=VmState.PAUSED) in seen

    await rig.eventually(told, seconds=5, what="the pause")
    await heir.close()
    await asyncio.wait_for(listening, 5)


# --- making and removing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["create", "introduce", "attach_base", "convert_raw"])
async def test_a_failure_leaves_nothing(rig: DoubleRig, driver: VirtualBoxDriver, step: str) -> None:
    rig.world.fail[step] = [CommandFailed(vm="", command=step, detail="planned")] * 3
    spec = rig.spec(guest=False)
    with pytest.raises(CommandFailed):
        await driver.create(spec)
    assert (vms(rig), rig.world.vms) == ([], {})
    rig.world.fail.clear()
    await driver.create(spec)
    await driver.delete(spec.vm_id)
    assert rig.world.media == {}


async def test_what_could_not_be_removed_is_removed_by_the_next_look(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    rig.world.fail["introduce"] = [CommandFailed(vm="", command="introduce", detail="planned")]
    rig.world.fail["unregister"] = [VmBusy(vm="", command="unregistervm", detail="planned")]
    spec = rig.spec(guest=False)
    with pytest.raises(CommandFailed):
        await driver.create(spec)
    assert vms(rig) == [spec.vm_id]
    assert await rig.driver().inspect() == ()
    assert (vms(rig), rig.world.vms) == ([], {})


async def test_a_disk_that_somebody_attached_stays(rig: DoubleRig, driver: VirtualBoxDriver, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.vdi"
    theirs.write_bytes(b"photos")
    vm_id = await running(rig, driver)
    await driver.save(vm_id)
    rig.world.vms[vm_id].disks.append(Attachment(controller=options.DISKS, port=3, device=0, path=str(theirs)))
    await driver.delete(vm_id)
    assert theirs.read_bytes() == b"photos"
    assert rig.world.vms == {}


async def test_an_unreadable_vm_is_inaccessible_and_can_be_deleted(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    rig.world.fail["machine"] = [VmWrongState(vm=spec.vm_id, state="inaccessible", command="showvminfo")] * 2
    heir = rig.driver()
    assert await state(heir, spec.vm_id) is VmState.INACCESSIBLE
    await heir.delete(spec.vm_id)
    assert rig.world.vms == {}


async def test_bases_are_shared_mended_and_forgotten(rig: DoubleRig, driver: VirtualBoxDriver, tmp_path: Path) -> None:
    image = tmp_path / "image.vdi"
    image.write_bytes(b"vdi")
    boot = BootDisk(str(image), DiskFormat.VDI)
    specs = [rig.spec(guest=False, boot=boot) for _ in range(3)]
    await driver.create(specs[0])
    await driver.create(specs[1])
    assert (rig.world.calls["introduce"], rig.world.calls["media"]) == (1, 1)
    (base,) = [one for one in rig.world.media.values() if not one.parent]
    rig.world.media[base.uuid] = dataclasses.replace(base, path="/moved")
    await driver.create(specs[2])
    assert rig.world.calls["introduce"] == 2, "VirtualBox did not know it any more"
    rig.world.media[base.uuid] = dataclasses.replace(base, path="/moved")
    for spec in specs:
        await driver.delete(spec.vm_id)
    assert [one.path for one in rig.world.media.values() if one.path == str(image)] == []
    assert image.read_bytes() == b"vdi"


async def test_somebody_elses_medium_at_our_place_gets_us_a_copy(rig: DoubleRig, driver: VirtualBoxDriver, tmp_path: Path) -> None:
    image = tmp_path / "image.vdi"
    image.write_bytes(b"vdi")
    spec = rig.spec(guest=False, boot=BootDisk(str(image), DiskFormat.VDI))
    road = rig.driver()._road
    await road.open()
    theirs = rig.spec(guest=False)
    await driver.create(theirs)
    rig.world.vms[theirs.vm_id].disks, disks = [], rig.world.vms[theirs.vm_id].disks
    await road.introduce(theirs, str(image))
    rig.world.vms[theirs.vm_id].disks = disks
    entry = [one for one in rig.world.media.values() if one.path == str(image)]
    await driver.create(spec)
    await driver.delete(spec.vm_id)
    assert [one for one in rig.world.media.values() if one.path == str(image)] == entry


async def test_a_damaged_note_of_bases_costs_nothing(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    first = rig.spec(guest=False)
    await driver.create(first)
    (rig.data / "vms" / ".bases" / "bases.json").write_text("{")
    second = rig.spec(guest=False)
    await driver.create(second)
    await driver.delete(second.vm_id)
    await driver.delete(first.vm_id)


async def test_an_image_that_goes_away_meanwhile(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    (rig.folder / "spin.raw").unlink()
    with pytest.raises(MediumMissing):
        await driver.start(spec.vm_id)


# --- starting --------------------------------------------------------------------------------------------------------


async def test_a_restore_that_stands_still_is_ended_and_the_state_kept(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.save(vm_id)
    rig.world.hang_restore = True
    with pytest.raises(StateUnreadable):
        await driver.start(vm_id)
    assert await state(driver, vm_id) is VmState.ABORTED_SAVED
    rig.world.hang_restore = False
    assert (await driver.start(vm_id)).state is VmState.RUNNING


async def test_a_cut_state_is_told_before(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.save(vm_id)
    os.truncate(rig.world.vms[vm_id].state_file, 1)
    before = rig.world.calls["start"]
    with pytest.raises(StateUnreadable):
        await driver.start(vm_id)
    assert rig.world.calls["start"] == before
    assert (await driver.discard_state(vm_id)).state is VmState.POWERED_OFF


async def test_a_start_that_somebody_else_made_meanwhile(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    await rig.driver()._road.open()
    road = rig.driver()._road
    await road.open()
    await road.start(spec.vm_id)
    assert (await driver.start(spec.vm_id)).state is VmState.RUNNING
    assert rig.world.calls["start"] == 1


async def test_a_start_that_fails_with_a_cause_in_the_log(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.power_off(vm_id)
    with (rig.world.vms[vm_id].folder / "Logs/VBox.log").open("a") as log:
        log.write("00:00:01 VERR_NO_MEMORY\n00:00:02 Console: Machine state changed to 'PoweredOff'\n")
    rig.world.fail["start"] = [VmLost(vm=vm_id, detail="aborted")]
    with pytest.raises(Exception, match="T4T-MEM-01"):
        await driver.start(vm_id)
    assert await state(driver, vm_id) is VmState.POWERED_OFF


async def test_no_port_is_found(rig: DoubleRig, driver: VirtualBoxDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig.world, "open_port", lambda _vm, _port: None)
    spec = rig.spec(guest=False, ports=WEB)
    await driver.create(spec)
    real = rig.world.tell
    monkeypatch.setattr(rig.world, "tell", lambda vm, command: "done" if command.startswith("close") else real(vm, command))
    with pytest.raises(PortUnavailable):
        await driver.start(spec.vm_id)
    assert await state(driver, spec.vm_id) is VmState.POWERED_OFF


async def test_a_driver_that_died_while_it_started(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    edit(rig, vm_id, lambda record: replace(record, intent=Intent.STARTING, pid=None, started=None))
    heir = rig.driver()
    found = (await heir.inspect(vm_id))[0]
    assert found.state is VmState.RUNNING
    assert found.pid is not None


async def test_a_restore_that_another_driver_began_and_that_never_ends(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.save(vm_id)
    rig.world.hang_restore = True
    road = driver._road
    began = asyncio.create_task(road.start(vm_id))
    await asyncio.sleep(0)
    heir = rig.driver()
    assert await state(heir, vm_id) is VmState.RESTORING
    rig.world.hang_restore = False
    assert (await heir.start(vm_id)).state is VmState.RUNNING
    with pytest.raises(VmLost):
        await began


async def test_a_screen_that_is_not_there_yet_is_waited_for(rig: DoubleRig, driver: VirtualBoxDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    vm_id = await running(rig, driver)
    refusal = CommandFailed(vm=vm_id, command="screenshot", detail="0x0")
    rig.world.fail["screenshot"] = [refusal]
    assert (await driver.screenshot(vm_id)).startswith(b"\x89PNG")
    monkeypatch.setattr(driver_module, "_SCREEN_SECONDS", 0.0)
    rig.world.fail["screenshot"] = [refusal]
    with pytest.raises(CommandFailed):
        await driver.screenshot(vm_id)


# --- VBoxSVC ---------------------------------------------------------------------------------------------------------


async def test_an_orphan_runs_on_and_is_ended_before_another_starts(rig: DoubleRig, driver: VirtualBoxDriver, vboxsvc: Callable[[], process.ProcessId]) -> None:
    server = vboxsvc()
    vm_id = await running(rig, driver)
    first = (await driver.inspect(vm_id))[0]
    await kill_and_wait(server.pid)
    rig.world.server = None

    async def known() -> bool:
        return (await driver.inspect(vm_id))[0].raw_state == "orphaned"

    await rig.eventually(known, seconds=5, what="the orphan to be known")
    for attempt in (driver.pause, driver.resume, driver.save, driver.screenshot):
        with pytest.raises(HypervisorBroken):
            await attempt(vm_id)
    with pytest.raises(HypervisorBroken):
        await driver.take_snapshot(vm_id, "one")
    with pytest.raises(HypervisorBroken):
        await driver.reconfigure(vm_id, VmChange(link_up=False))
    assert await state(driver, vm_id) is VmState.RUNNING
    vboxsvc()
    again = await driver.start(vm_id)
    assert again.state is VmState.RUNNING
    assert again.pid != first.pid
    assert first.pid is not None
    assert process.start_time(first.pid) is None


async def test_an_orphan_is_powered_off(rig: DoubleRig, driver: VirtualBoxDriver, vboxsvc: Callable[[], process.ProcessId]) -> None:
    server = vboxsvc()
    vm_id = await running(rig, driver)
    await kill_and_wait(server.pid)
    vboxsvc()
    assert (await driver.power_off(vm_id)).state is VmState.POWERED_OFF
    assert rig.world.calls["power_off"] == 0


# --- ending ----------------------------------------------------------------------------------------------------------


async def test_a_save_that_is_refused_leaves_it_running_and_says_why(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    with (rig.world.vms[vm_id].folder / "Logs/VBox.log").open("a") as log:
        log.write("00:00:01 SSM: VERR_DISK_FULL\n")
    rig.world.fail["save"] = [CommandFailed(vm=vm_id, command="savestate", detail="failed")]
    with pytest.raises(NotEnoughDisk) as refused:
        await driver.save(vm_id)
    assert refused.value.needed_mib == 256 + 64
    assert await state(driver, vm_id) is VmState.RUNNING
    rig.world.fail["save"] = [VmBusy(vm=vm_id, command="savestate", detail="locked")]
    with pytest.raises(VmBusy):
        await driver.save(vm_id)


async def test_a_save_that_somebody_else_made_meanwhile(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.inspect(vm_id)
    road = driver._road
    await road.save(vm_id)
    assert (await driver.save(vm_id)).state is VmState.SAVED


async def test_a_power_off_that_is_refused_ends_the_process(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    rig.world.fail["power_off"] = [VmWrongState(vm=vm_id, state="restoring", command="poweroff")]
    assert (await driver.power_off(vm_id)).state is VmState.POWERED_OFF


async def test_an_end_that_virtualbox_calls_aborted(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    """The guest switched itself off, and its process broke off afterwards."""
    vm_id = await running(rig, driver)
    vm = rig.world.vms[vm_id]
    vm.set("poweroff")
    vm.word = "running"
    info = (await driver.inspect(vm_id))[0]
    await rig.kill_process(info)

    async def off() -> bool:
        return await state(driver, vm_id) is VmState.POWERED_OFF

    with contextlib.suppress(AssertionError):
        await rig.eventually(off, seconds=0.2, what="nothing")
    vm.word = "aborted"
    assert await state(rig.driver(), vm_id) in {VmState.POWERED_OFF, VmState.ABORTED}


async def test_discarding_is_judged_by_what_is_there(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.save(vm_id)
    rig.world.fail["discard"] = [CommandFailed(vm=vm_id, command="discardstate", detail="planned")]
    with pytest.raises(CommandFailed):
        await driver.discard_state(vm_id)
    assert (await driver.discard_state(vm_id)).state is VmState.POWERED_OFF


async def test_shutting_down_a_paused_guest_that_hears(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver, ports=WEB)
    await driver.pause(vm_id)
    assert (await driver.shut_down(vm_id, deadline=30)).state is VmState.POWERED_OFF
    assert (await driver.shut_down(vm_id, deadline=30)).state is VmState.POWERED_OFF


# --- changing --------------------------------------------------------------------------------------------------------


async def test_a_limit_first_wanted_while_it_runs_is_made_in_a_pause(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.pause(vm_id)
    changed = await driver.reconfigure(vm_id, VmChange(bandwidth_kib_s=10))
    assert (changed.state, changed.bandwidth_kib_s) == (VmState.PAUSED, 10)
    assert rig.world.calls["shape"] == 1
    await driver.reconfigure(vm_id, VmChange(bandwidth_kib_s=20))
    assert (rig.world.calls["shape"], rig.world.calls["set_bandwidth"]) == (1, 1)


async def test_a_limit_that_virtualbox_takes_only_later(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    await driver.pause(vm_id)
    await driver.reconfigure(vm_id, VmChange(cap_percent=40))
    assert rig.world.vms[vm_id].cap == 100
    await driver.resume(vm_id)
    assert rig.world.vms[vm_id].cap == 40
    await driver.save(vm_id)
    await driver.reconfigure(vm_id, VmChange(cap_percent=60, ports=WEB))
    await driver.start(vm_id)
    assert rig.world.vms[vm_id].cap == 60


async def test_shares_and_resources_change_when_it_is_off(rig: DoubleRig, driver: VirtualBoxDriver, tmp_path: Path) -> None:
    from t4t.domain.vm import Share  # noqa: PLC0415 - only here

    spec = rig.spec(guest=False)
    await driver.create(spec)
    await driver.reconfigure(spec.vm_id, VmChange(shares=(Share("one", str(tmp_path)),), memory_mib=300))
    await driver.reconfigure(spec.vm_id, VmChange(shares=(Share("two", str(tmp_path)),), bandwidth_kib_s=5))
    vm = rig.world.vms[spec.vm_id]
    assert (list(vm.shares), vm.memory_mib, vm.shaped) == (["two"], 300, True)


# --- snapshots -------------------------------------------------------------------------------------------------------


async def test_a_restored_snapshot_leaves_our_settings_in_force(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver, ports=WEB)
    await driver.take_snapshot(vm_id, "one")
    await driver.reconfigure(vm_id, VmChange(ports=(PortForward(name="other", guest_port=81),), link_up=False, cap_percent=30))
    await driver.power_off(vm_id)
    rig.world.vms[vm_id].link = True
    rig.world.vms[vm_id].cap = 100
    assert (await driver.restore_snapshot(vm_id, "one")).state is VmState.SAVED
    info = await driver.start(vm_id)
    assert [one.name for one in info.ports] == ["other"]
    assert (rig.world.vms[vm_id].link, rig.world.vms[vm_id].cap) == (False, 30)


async def test_a_snapshot_that_was_begun_and_never_marked_goes(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    vm_id = await running(rig, driver)
    road = driver._road
    await road.take_snapshot(vm_id, "t4t-1")
    edit(rig, vm_id, lambda record: replace(record, pending_tag="t4t-1", serial=1))
    await driver.take_snapshot(vm_id, "one")
    assert [shot.name for shot in rig.world.vms[vm_id].shots] == ["t4t-2"]
    rig.world.vms[vm_id].shots.clear()  # somebody deleted it by hand
    await driver.delete_snapshot(vm_id, "one")
    assert await driver.snapshots(vm_id) == ()


# --- what it says of itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "hardware", "kind"),
    [
        ("", True, Accelerator.HARDWARE),
        ("", False, Accelerator.INTERPRETER),
        ("interpreter", True, Accelerator.INTERPRETER),
        ("platform", True, Accelerator.PLATFORM),
        ("hardware", False, Accelerator.HARDWARE),
    ],
)
def test_what_executes(seen: str, hardware: bool, kind: Accelerator) -> None:  # noqa: FBT001 - a table
    assert driver_module.accelerator(seen, hardware=hardware) is kind
    assert (Feature.MULTI_CORE in driver_module.features(kind)) is (kind is not Accelerator.INTERPRETER)


async def test_what_is_interpreted_has_one_processor(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    await running(rig, driver)
    found = await driver.probe()
    assert found.accelerator is Accelerator.INTERPRETER
    assert any("interpret" in note or "stand still" in note for note in found.notes)
    with pytest.raises(NotSupported):
        await driver.create(dataclasses.replace(rig.spec(guest=False), cores=2))
    with pytest.raises(VmNotFound):
        await driver.start(VmId("00000000-0000-4000-8000-000000000000"))


async def test_ids_must_be_canonical(rig: DoubleRig, driver: VirtualBoxDriver) -> None:
    spec = rig.spec(guest=False)
    with pytest.raises(ValueError, match="canonical"):
        await driver.create(dataclasses.replace(spec, vm_id=VmId(spec.vm_id.upper())))
