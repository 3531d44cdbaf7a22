"""What only VirtualBox has: media, settings, channels; on the real thing, by each road."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from support.virtualbox_rig import ROADS, VirtualBoxRig, vboxmanage
from t4t.domain.errors import NotSupported
from t4t.domain.vm import BootDisk, DiskFormat, PortForward, Share, VmChange, VmId, VmState
from t4t.guest.floppy import FloppyStatus, create_floppy, read_message
from t4t.hypervisor.virtualbox import listing
from t4t.hypervisor.virtualbox.manage import ManageRoad

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.hypervisor.driver import Driver
    from t4t.hypervisor.virtualbox.view import Medium

pytestmark = pytest.mark.virtualbox


@pytest.fixture(params=sorted(ROADS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path, appliance_dir: Path) -> AsyncIterator[VirtualBoxRig]:
    made = VirtualBoxRig(tmp_path, appliance_dir, ROADS[request.param])
    yield made
    await made.close()


@pytest.fixture
def driver(rig: VirtualBoxRig) -> Driver:
    return rig.driver()


async def media() -> tuple[Medium, ...]:
    return listing.media(await vboxmanage("list", "hdds", "--long"))


def settings(rig: VirtualBoxRig, vm_id: VmId) -> str:
    """The VM's settings as VirtualBox stores them."""
    (file,) = (rig.data / "vms" / vm_id).glob("*/*.vbox")
    return file.read_text()


async def image(folder: Path, name: str) -> Path:
    """A small VDI of its own."""
    raw = folder / f"{name}.raw"
    raw.write_bytes(b"\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512))
    await vboxmanage("convertfromraw", raw, folder / f"{name}.vdi", "--format", "VDI")
    return folder / f"{name}.vdi"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_vms_share_a_base_that_nobody_writes_and_the_last_takes_it_along(rig: VirtualBoxRig, driver: Driver, tmp_path: Path) -> None:
    base = await image(tmp_path, "base")
    before = digest(base)
    specs = [rig.spec(guest=False, boot=BootDisk(str(base), DiskFormat.VDI)) for _ in range(2)]
    for spec in specs:
        await driver.create(spec)
        await driver.start(spec.vm_id)
    (known,) = [one for one in await media() if one.path == str(base)]
    assert known.multiattach
    assert len(known.children) == 2
    assert digest(base) == before
    await driver.delete(specs[0].vm_id)
    assert any(one.path == str(base) for one in await media())
    await driver.delete(specs[1].vm_id)
    assert not any(one.path == str(base) for one in await media())
    assert digest(base) == before


async def test_a_copy_that_somebody_else_registered_is_left_alone(rig: VirtualBoxRig, driver: Driver, tmp_path: Path) -> None:
    """As when BOINC has its own copy of the same image: VirtualBox knows one of two files with one UUID."""
    base = await image(tmp_path, "base")
    theirs = tmp_path / "theirs.vdi"
    shutil.copyfile(base, theirs)
    await vboxmanage("createvm", "--name", "theirs", "--ostype", "Linux26_64", "--register")
    try:
        await vboxmanage("storagectl", "theirs", "--name", "S", "--add", "sata")
        await vboxmanage("storageattach", "theirs", "--storagectl", "S", "--port", "0", "--type", "hdd", "--medium", theirs)
        before = digest(theirs), digest(base)
        entry = [one for one in await media() if one.path == str(theirs)]
        spec = rig.spec(guest=False, boot=BootDisk(str(base), DiskFormat.VDI))
        await driver.create(spec)
        assert (await driver.start(spec.vm_id)).state is VmState.RUNNING
        assert [one for one in await media() if one.path == str(theirs)] == entry
        await driver.delete(spec.vm_id)
        assert [one for one in await media() if one.path == str(theirs)] == entry
        assert (digest(theirs), digest(base)) == before
        assert [one.path for one in await media() if one.path.startswith(str(tmp_path))] == [str(theirs)]
    finally:
        await vboxmanage("storageattach", "theirs", "--storagectl", "S", "--port", "0", "--type", "hdd", "--medium", "none")
        await vboxmanage("unregistervm", "theirs", "--delete")
        await vboxmanage("closemedium", "disk", theirs, good=False)


async def test_an_image_that_was_replaced_is_not_mixed_with_the_old_one(rig: VirtualBoxRig, driver: Driver, tmp_path: Path) -> None:
    base = await image(tmp_path, "base")
    first = rig.spec(guest=False, boot=BootDisk(str(base), DiskFormat.VDI))
    await driver.create(first)
    await driver.delete(first.vm_id)
    base.unlink()
    await image(tmp_path, "base")
    second = rig.spec(guest=False, boot=BootDisk(str(base), DiskFormat.VDI))
    await driver.create(second)
    assert (await driver.start(second.vm_id)).state is VmState.RUNNING


async def test_an_entry_of_ours_whose_file_is_gone_is_mended(rig: VirtualBoxRig, driver: Driver) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    (own,) = [one for one in await media() if one.path.startswith(str(rig.data)) and not one.parent]
    await vboxmanage("unregistervm", spec.vm_id, "--delete")
    shutil.rmtree(rig.data / "vms" / spec.vm_id)
    os.unlink(own.path)  # noqa: PTH108 - VirtualBox's own words for paths
    again = rig.spec(guest=False)
    await driver.create(again)
    assert (await driver.start(again.vm_id)).state is VmState.RUNNING
    assert len([one for one in await media() if one.path.startswith(str(rig.data)) and not one.parent]) == 1


async def test_a_disk_that_the_volunteer_attached_survives_our_delete(rig: VirtualBoxRig, driver: Driver, tmp_path: Path) -> None:
    theirs = await image(tmp_path, "theirs")
    before = digest(theirs)
    spec = rig.spec(guest=False)
    await driver.create(spec)
    await vboxmanage("storagectl", spec.vm_id, "--name", "More", "--add", "scsi")
    await vboxmanage("storageattach", spec.vm_id, "--storagectl", "More", "--port", "0", "--device", "0", "--type", "hdd", "--medium", theirs)
    await driver.delete(spec.vm_id)
    assert digest(theirs) == before
    assert spec.vm_id not in await vboxmanage("list", "vms")


async def test_settings(rig: VirtualBoxRig, driver: Driver, tmp_path: Path) -> None:
    floppy, iso = tmp_path / "floppy.img", tmp_path / "context.iso"
    create_floppy(floppy, text="A=B\n")
    shutil.copyfile(rig.appliance / "t4t-appliance.iso", iso)
    (tmp_path / "shared").mkdir()
    spec = rig.spec(
        guest=False,
        floppy=str(floppy),
        config_iso=str(iso),
        cache_disk_mib=16,
        bandwidth_kib_s=512,
        ports=(PortForward(name="web", guest_port=80),),
        shares=(Share("shared", str(tmp_path / "shared")),),
    )
    await driver.create(spec)
    text = settings(rig, spec.vm_id)
    assert 'useHostIOCache="false"' in text
    assert '<RemoteDisplay enabled="true"' not in text
    assert "t4t/owner: contract" in text
    assert str(iso) in text
    assert str(floppy) in text
    assert "cache.vdi" in text
    found = await vboxmanage("showvminfo", spec.vm_id, "--machinereadable")
    for line in ('vrde="off"', 'audio="none"', 'usb="off"', 'clipboard="disabled"', 'nic1="nat"', 'boot1="disk"', 'uart1="off"'):
        assert line in found
    assert 'bandwidthGroup="t4t-' in text
    assert f'BandwidthGroup0="t4t-{spec.vm_id[:8]}",Network,524288' in await vboxmanage("bandwidthctl", spec.vm_id, "list", "--machinereadable")
    assert (await driver.start(spec.vm_id)).state is VmState.RUNNING
    assert (await driver.reconfigure(spec.vm_id, VmChange(bandwidth_kib_s=64))).bandwidth_kib_s == 64
    assert ",Network,65536" in await vboxmanage("bandwidthctl", spec.vm_id, "list", "--machinereadable")
    await driver.delete(spec.vm_id)
    assert floppy.is_file()
    assert iso.is_file()


async def test_a_limit_that_is_first_wanted_while_it_runs(rig: VirtualBoxRig, driver: Driver) -> None:
    spec = rig.spec(guest=False)
    await driver.create(spec)
    await driver.start(spec.vm_id)
    changed = await driver.reconfigure(spec.vm_id, VmChange(bandwidth_kib_s=100))
    assert (changed.state, changed.bandwidth_kib_s) == (VmState.RUNNING, 100)
    text = settings(rig, spec.vm_id)
    assert 'bandwidthGroup="t4t-' in text
    assert ",Network,102400" in await vboxmanage("bandwidthctl", spec.vm_id, "list", "--machinereadable")
    assert (await driver.reconfigure(spec.vm_id, VmChange(bandwidth_kib_s=0))).bandwidth_kib_s is None
    assert ",Network,0" in await vboxmanage("bandwidthctl", spec.vm_id, "list", "--machinereadable")


async def test_changes_while_it_is_paused_or_saved(rig: VirtualBoxRig, driver: Driver) -> None:
    """VirtualBox takes no limit of processor time then."""
    spec = rig.spec(guest=False, ports=(PortForward(name="web", guest_port=80),))
    await driver.create(spec)
    await driver.start(spec.vm_id)
    await driver.pause(spec.vm_id)
    assert (await driver.reconfigure(spec.vm_id, VmChange(cap_percent=40, link_up=False))).cap_percent == 40
    await driver.resume(spec.vm_id)
    found = await vboxmanage("showvminfo", spec.vm_id, "--machinereadable")
    assert "cpuexecutioncap=40" in found
    assert 'cableconnected1="off"' in found
    await driver.save(spec.vm_id)
    changed = await driver.reconfigure(spec.vm_id, VmChange(cap_percent=70, link_up=True, ports=(PortForward(name="other", guest_port=8080),)))
    assert changed.state is VmState.SAVED
    info = await driver.start(spec.vm_id)
    found = await vboxmanage("showvminfo", spec.vm_id, "--machinereadable")
    assert "cpuexecutioncap=70" in found
    assert f'Forwarding(0)="other,tcp,127.0.0.1,{info.ports[0].host_port},,8080"' in found


async def test_no_remote_desktop_without_its_extension_pack(rig: VirtualBoxRig, driver: Driver) -> None:
    with pytest.raises(NotSupported):
        await driver.create(rig.spec(guest=False, remote_desktop=True))


async def test_it_computes_in_the_background(tmp_path: Path, appliance_dir: Path) -> None:
    rig = VirtualBoxRig(tmp_path, appliance_dir, ROADS["vboxmanage"], background=True)
    try:
        driver = rig.driver()
        spec = rig.spec(guest=False)
        await driver.create(spec)
        info = await driver.start(spec.vm_id)
        assert info.pid is not None
        policies = {os.sched_getscheduler(int(name)) for name in os.listdir(f"/proc/{info.pid}/task")}  # noqa: PTH208 - threads, not files
        assert os.SCHED_IDLE in policies
        assert os.getpriority(os.PRIO_PROCESS, info.pid) == 19
    finally:
        await rig.close()


async def test_a_vm_takes_five_calls_and_its_pause_one(tmp_path: Path, appliance_dir: Path) -> None:
    """The VM of the peer's benchmark: disk, network, one rule; its base is known already."""
    roads: list[ManageRoad] = []

    def road() -> ManageRoad:
        made = ROADS["vboxmanage"]()
        assert isinstance(made, ManageRoad)
        roads.append(made)
        return made

    rig = VirtualBoxRig(tmp_path, appliance_dir, road)
    try:
        driver = rig.driver()
        await driver.create(rig.spec(guest=False))
        before = len(roads[0].replay())
        spec = rig.spec(guest=False, memory_mib=512, ports=(PortForward(name="web", guest_port=80),))
        await driver.create(spec)
        await driver.start(spec.vm_id)
        calls = [one.arguments[0] for one in roads[0].replay()[before:]]
        assert calls == ["createvm", "modifyvm", "storagectl", "storageattach", "startvm"]
        before += len(calls)
        await driver.pause(spec.vm_id)
        await driver.inspect(spec.vm_id)
        await driver.resume(spec.vm_id)
        assert [one.arguments[2] for one in roads[0].replay()[before:]] == ["pause", "resume"]
    finally:
        await rig.close()


async def test_the_floppy_carries_a_job_in_and_its_end_out(rig: VirtualBoxRig, driver: Driver, tmp_path: Path) -> None:
    """A guest without a shared folder: its job comes on the floppy, and its completion goes back there; its log is in VirtualBox's."""
    floppy = tmp_path / "floppy.img"
    create_floppy(floppy, text="T4T_INPUT=boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1\n")
    spec = rig.spec(guest=True, floppy=str(floppy), shares=())
    await driver.create(spec)
    await driver.start(spec.vm_id)

    async def off() -> bool:
        return (await driver.inspect(spec.vm_id))[0].state is VmState.POWERED_OFF

    begun = time.monotonic()
    await rig.eventually(off, seconds=200, what="the guest to power off by itself")
    status, answer = read_message(floppy)
    assert status is FloppyStatus.OK, f"after {time.monotonic() - begun:.0f} s"
    assert answer.startswith("206")
    log = (await driver.inspect(spec.vm_id))[0].console_log
    assert log is not None
