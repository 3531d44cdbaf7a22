"""Each method of the API road on real VirtualBox, and what only it promises: changes heard at once, and no hanging whatever ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.vbox import vboxmanage
from support.virtualbox_rig import api_road
from t4t.domain.errors import CommandFailed, HypervisorBroken, MediumMissing, SnapshotNotFound, T4TError, VmExists, VmNotFound, VmWrongState
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, Share, VmId, VmSpec, VmState
from t4t.guest.config_iso import write_config_iso
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import listing, options, parse, processes
from t4t.hypervisor.virtualbox.api.road import ApiRoad, opens
from t4t.hypervisor.virtualbox.manage import ManageRoad
from t4t.hypervisor.virtualbox.options import Choices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from t4t.hypervisor.virtualbox.road import Road
    from t4t.hypervisor.virtualbox.view import Machine

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


def _api() -> ApiRoad:
    road = api_road()
    assert isinstance(road, ApiRoad)
    return road


@pytest.fixture
async def road() -> AsyncIterator[ApiRoad]:
    made = _api()
    await made.open()
    await made.home()
    yield made
    await made.close()


@dataclass
class Vms:
    """Makes VMs that end with the test."""

    road: ApiRoad
    folder: Path
    made: list[VmId]

    async def make(self, on: Road | None = None, **changes: Any) -> VmSpec:
        """A VM, registered and off: by default with BIOS and nothing to boot."""
        vm = VmId(str(uuid.uuid4()))
        spec = VmSpec(vm_id=vm, name=f"vm-{vm[:8]}", boot=BootDisk("/nothing.vdi", DiskFormat.VDI), memory_mib=64)
        spec = replace(spec, **changes)
        self.made.append(spec.vm_id)
        await (on or self.road).create(spec, self.choices(await self.road.open(), spec.vm_id))
        return spec

    def choices(self, version: object, vm: str) -> Choices:
        return Choices(version=version, base_folder=str(self.folder / "vms"), owner="lab", cache_disk=str(self.folder / f"{vm}.vdi"), shaping=True)  # type: ignore[arg-type] # the road's own

    async def running(self) -> VmId:
        spec = await self.make()
        await self.road.start(spec.vm_id)
        return spec.vm_id


@pytest.fixture
async def vms(road: ApiRoad, tmp_path: Path) -> AsyncIterator[Vms]:
    made = Vms(road, tmp_path, [])
    yield made
    for vm in made.made:
        owned = processes.find_vm(vm)
        if owned is not None:
            os.kill(owned.pid, signal.SIGKILL)
            await _ended(vm)
    cleaner = _api()
    await cleaner.open()
    for vm in made.made:
        with contextlib.suppress(VmNotFound):
            machine = await cleaner.machine(vm)
            for one in machine.attachments:
                if "/Snapshots/" not in one.path:
                    with contextlib.suppress(T4TError):
                        await cleaner.detach(vm, one)
            await cleaner.unregister(vm)
    await cleaner.close()


async def _ended(vm: str) -> None:
    async def gone() -> bool:
        return processes.find_vm(vm) is None

    await _until(gone, "its process is gone")


async def _until(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 20) -> float:
    begun = time.monotonic()
    while not await check():
        if time.monotonic() - begun > seconds:
            pytest.fail(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


@contextlib.asynccontextmanager
async def _hearing(road: ApiRoad) -> AsyncIterator[asyncio.Queue[VmId | None]]:
    """What `changes` yields meanwhile."""
    heard: asyncio.Queue[VmId | None] = asyncio.Queue()

    async def hear() -> None:
        async for one in road.changes():
            heard.put_nowait(one)

    task = asyncio.create_task(hear())
    await asyncio.sleep(0)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _manage(*words: str) -> str:
    return await asyncio.to_thread(vboxmanage, *words)


async def _shown(vm: str) -> Machine:
    """The VM as VBoxManage tells of it."""
    return parse.machine(await _manage("showvminfo", vm, "--machinereadable"))


def _exists(path: str) -> bool:
    return Path(path).exists()


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


# --- looking ----------------------------------------------------------------------------------------------------------


async def test_open_says_the_version_and_is_cheap_when_open(road: ApiRoad) -> None:
    version = await road.open()
    assert (await _manage("--version")).startswith(version.number)
    await road.home()
    pid = road.pid
    assert pid is not None
    assert await road.open() == version
    await road.home()
    assert road.pid == pid
    assert road.name == "api"
    assert road.look_seconds is None


async def test_home_is_where_vboxsvc_keeps_its_registry(road: ApiRoad) -> None:
    home = await road.home()
    assert home is not None
    assert (home / "VirtualBox.xml").is_file()
    server = processes.find_server()
    assert server is not None
    assert processes.home_of(server) == home


async def test_it_opens_here() -> None:
    road = _api()
    assert await opens(road)
    await road.close()


async def test_a_machine_is_what_vboxmanage_says_it_is(road: ApiRoad, vms: Vms, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    ports = (PortForward(name="web", guest_port=80, host_port=18080), PortForward(name="a,b", guest_port=81, host_port=18081, remote=True))
    spec = await vms.make(ports=ports[:1], shares=(Share("shared", str(tmp_path / "shared")),), bandwidth_kib_s=100, cap_percent=70, cache_disk_mib=8)
    vm = spec.vm_id

    async def same() -> Machine:
        seen = await road.machine(vm)
        shown = await _shown(vm)
        assert sorted(map(str, seen.attachments)) == sorted(map(str, shown.attachments))
        assert replace(seen, attachments=(), fields={}) == replace(shown, attachments=(), fields={})
        return seen

    off = await same()
    assert off.state is VmState.POWERED_OFF
    assert [rule.forward for rule in off.rules] == [ports[0]]
    assert off.groups[0].bytes_per_second == 102400
    assert options.owner_in(off.description) == "lab"
    await road.start(vm)
    await road.take_snapshot(vm, 'one "quoted"')
    await road.take_snapshot(vm, "two")
    running = await same()
    assert [node.name for node in running.snapshots] == ['one "quoted"', "two"]
    assert running.session == "headless"
    await road.pause(vm)
    assert (await same()).state is VmState.PAUSED
    await road.save(vm)
    await _until(lambda: _unlocked(road, vm), "unlocked")
    saved = await same()
    assert saved.state is VmState.SAVED
    assert _exists(saved.state_file)


async def _unlocked(road: ApiRoad, vm: VmId) -> bool:
    return not (await road.machine(vm)).session


async def test_lists_are_those_of_vboxmanage(road: ApiRoad, vms: Vms, tmp_path: Path) -> None:
    one = await vms.make(cache_disk_mib=8)
    await vms.make()
    base = tmp_path / "base.vdi"
    await _manage("createmedium", "disk", "--filename", str(base), "--size", "4")
    await road.introduce(one, str(base))
    await road.attach_base(one, str(base))
    assert sorted(map(str, await road.registered())) == sorted(map(str, listing.vms(await _manage("list", "vms"))))
    assert sorted(map(str, await road.media())) == sorted(map(str, listing.media(await _manage("list", "hdds", "--long"))))
    assert await road.extra(one.vm_id, options.OWNER_KEY) == "lab"  # noqa: S610 - no Django here
    assert await road.extra(one.vm_id, "no/such") is None  # noqa: S610 - no Django here


async def test_unknown_vms_are_not_found(road: ApiRoad) -> None:
    nowhere = VmId(str(uuid.uuid4()))
    for call in (road.machine, road.start, road.pause, road.save, road.power_off, road.discard, road.unregister, road.screenshot):
        with pytest.raises(VmNotFound):
            await call(nowhere)
    with pytest.raises(VmNotFound):
        await road.set_cap(nowhere, 50, live=True)


# --- making -----------------------------------------------------------------------------------------------------------


def _settings(text: str, vm: str) -> dict[str, str]:
    """The fields of a VM but those that differ between any two."""
    own = {"name", "UUID", "CfgFile", "SnapFldr", "LogFldr", "hardwareuuid", "macaddress1", "VMStateChangeTime", "description"}
    return {key: value.replace(vm[:8], "VM") for key, value in parse.fields(text).items() if key not in own and "ImageUUID" not in key and vm not in value}


def _neutral(path: str, spec: VmSpec) -> list[str]:
    """A settings file without what differs between any two VMs, and without the extradata that only the API road writes."""
    text = Path(path).read_text().replace(spec.name, "NAME").replace(spec.vm_id[:8], "VM")
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|VM(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r'MACAddress="\w+"|lastStateChange="\S+"', "", text)
    return [line for line in text.splitlines() if "ExtraData" not in line]


@pytest.mark.parametrize("shape", ["disk", "iso", "ide", "bare"])
async def test_both_roads_make_the_same_vm(road: ApiRoad, vms: Vms, tmp_path: Path, shape: str) -> None:
    (tmp_path / "shared").mkdir()
    iso, floppy = tmp_path / "context.iso", tmp_path / "floppy.img"
    write_config_iso(iso, user_data=b"x")
    floppy.write_bytes(b"\0" * 28672)
    wishes: dict[str, dict[str, Any]] = {
        "disk": {
            "ports": (PortForward(name="web", guest_port=80, host_port=18080), PortForward(name="far", guest_port=81, host_port=18081, remote=True)),
            "shares": (Share("shared", str(tmp_path / "shared")),),
            "floppy": str(floppy),
            "config_iso": str(iso),
            "bandwidth_kib_s": 64,
            "cap_percent": 40,
            "nic_type": "virtio",
            "link_up": False,
        },
        "iso": {"boot": BootIso(str(iso)), "cache_disk_mib": 8, "bandwidth_kib_s": 1, "nat_dns_host_resolver": True, "nic_type": "82540EM"},
        "ide": {"disk_controller": "ide", "disk_controller_model": "PIIX4", "config_iso": str(iso), "bandwidth_kib_s": 1, "memory_mib": 100, "vram_mib": 12},
        "bare": {"network": False},
    }
    manage = ManageRoad(clock=RealClock())
    await manage.open()
    ours = await vms.make(**wishes[shape])
    theirs = await vms.make(manage, **wishes[shape])
    seen, expected = [_settings(await _manage("showvminfo", spec.vm_id, "--machinereadable"), spec.vm_id) for spec in (ours, theirs)]
    assert seen == expected
    files = [_neutral((await road.machine(spec.vm_id)).config_file, spec) for spec in (ours, theirs)]
    assert files[0] == files[1]
    assert any('useHostIOCache="false"' in line for line in files[0])
    assert await road.extra(ours.vm_id, options.OWNER_KEY) == "lab"  # noqa: S610 - no Django here


async def test_making_is_refused_without_a_trace_of_it_or_with_a_name_for_the_driver(road: ApiRoad, vms: Vms, tmp_path: Path) -> None:
    spec = await vms.make()
    with pytest.raises(VmExists):
        await road.create(spec, vms.choices(await road.open(), spec.vm_id))
    with pytest.raises(CommandFailed):
        await vms.make(disk_controller_model="Quantum")
    with pytest.raises(CommandFailed):
        await vms.make(nic_type="token ring")
    with pytest.raises(MediumMissing):
        await vms.make(config_iso=str(tmp_path / "no.iso"))
    with pytest.raises(MediumMissing):
        await road.attach_base(spec, str(tmp_path / "no.vdi"))


async def test_a_base_is_shared_and_never_written(road: ApiRoad, vms: Vms, tmp_path: Path) -> None:
    base = tmp_path / "base.vdi"
    await _manage("createmedium", "disk", "--filename", str(base), "--size", "4")
    await _manage("closemedium", "disk", str(base))
    first, second = await vms.make(), await vms.make()
    before = base.read_bytes()
    with pytest.raises(CommandFailed, match="registered with a machine"):
        await road.attach_base(first, str(base))
    await road.introduce(first, str(base))
    for spec in (first, second):
        await road.attach_base(spec, str(base))
        layer = (await road.machine(spec.vm_id)).attachments[0]
        assert Path(layer.path).is_relative_to(tmp_path / "vms" / spec.name)
    medium = next(one for one in await road.media() if one.path == str(base))
    assert medium.multiattach
    assert len(medium.children) == 2
    await road.start(first.vm_id)
    await road.power_off(first.vm_id)
    await road.unregister(first.vm_id)
    assert base.read_bytes() == before
    assert not (tmp_path / "vms" / first.name).exists()
    await road.detach(second.vm_id, (await road.machine(second.vm_id)).attachments[0])
    assert (await road.machine(second.vm_id)).attachments == ()
    await road.unregister(second.vm_id)
    for child in next(one for one in await road.media() if one.path == str(base)).children:
        await road.close_medium(child, delete=True)
    await road.close_medium(str(base))
    assert base.is_file()
    assert all(one.path != str(base) for one in await road.media())
    with pytest.raises(MediumMissing):
        await road.close_medium(str(tmp_path / "no.vdi"))


async def test_a_raw_image_becomes_a_vdi_with_an_id_of_ours(road: ApiRoad, tmp_path: Path) -> None:
    (tmp_path / "disk.raw").write_bytes(os.urandom(1 << 20))
    wanted = str(uuid.uuid4())
    await road.convert_raw(str(tmp_path / "disk.raw"), str(tmp_path / "disk.vdi"), wanted)
    assert listing.media(await _manage("showmediuminfo", str(tmp_path / "disk.vdi")))[0].uuid == wanted


async def test_settings_of_a_vm_that_is_off(road: ApiRoad, vms: Vms, tmp_path: Path) -> None:
    spec = await vms.make(ports=(PortForward(name="web", guest_port=80, host_port=18080),))
    vm = spec.vm_id
    await road.set_resources(vm, cores=2, memory_mib=96)
    await road.set_cap(vm, 30, live=False)
    await road.set_link(vm, up=False, live=False)
    await road.forward(vm, [PortForward(name="more", guest_port=81, host_port=18081)], live=False)
    await road.unforward(vm, ["web"], live=False)
    await road.set_bandwidth(vm, 10)
    await road.share(vm, Share("one", str(tmp_path)))
    await road.share(vm, Share("two", str(tmp_path)))
    await road.unshare(vm, "one")
    seen = await _shown(vm)
    assert (seen.cores, seen.memory_mib, seen.cap_percent, seen.link_up) == (2, 96, 30, False)
    assert [rule.name for rule in seen.rules] == ["more"]
    assert [share.name for share in seen.shares] == ["two"]
    assert seen.groups[0].bytes_per_second == 10240
    await road.set_resources(vm, memory_mib=97)
    assert (await _shown(vm)).cores == 2
    with pytest.raises(T4TError):
        await road.set_cap(vm, 0, live=False)
    assert (await road.machine(vm)).session == ""


async def test_a_group_for_a_vm_that_was_made_without(road: ApiRoad, vms: Vms) -> None:
    manage = ManageRoad(clock=RealClock())
    await manage.open()
    vm = (await vms.make(manage)).vm_id
    assert (await road.machine(vm)).groups == ()
    with pytest.raises(CommandFailed):
        await road.set_bandwidth(vm, 5)
    for limit in (5, 6):
        await road.shape(vm, limit)
        assert [one.bytes_per_second for one in (await _shown(vm)).groups] == [limit * 1024]


# --- a VM with a process ----------------------------------------------------------------------------------------------


async def test_pause_and_resume(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    await road.pause(vm)
    assert (await _shown(vm)).state is VmState.PAUSED
    with pytest.raises(VmWrongState):
        await road.pause(vm)
    with pytest.raises(VmWrongState):
        await road.set_cap(vm, 50, live=True)
    await road.resume(vm)
    assert (await _shown(vm)).state is VmState.RUNNING
    with pytest.raises(VmWrongState):
        await road.resume(vm)


async def test_settings_of_a_running_vm(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    await road.set_cap(vm, 30, live=True)
    await road.set_link(vm, up=False, live=True)
    await road.set_bandwidth(vm, 10)
    await road.forward(vm, [PortForward(name="web", guest_port=81, host_port=18081)], live=True)
    seen = await _shown(vm)
    assert (seen.cap_percent, seen.link_up, seen.groups[0].bytes_per_second, seen.rules[0].host_port) == (30, False, 10240, 18081)
    await road.unforward(vm, ["web"], live=True)
    assert (await _shown(vm)).rules == ()
    with pytest.raises(VmWrongState):
        await road.set_resources(vm, cores=1)
    await road.power_off(vm)
    assert (await _shown(vm)).cap_percent == 30  # it was saved


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
    seen = await _shown(vm)
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
    assert (await road.screenshot(vm)).startswith(b"\x89PNG\r\n")
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

    await _until(running, "what was begun ends by itself")
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
    async with _hearing(road) as heard:
        await asyncio.sleep(0.5)
        while not heard.empty():
            heard.get_nowait()
        await _manage("controlvm", vm, "pause")
        seconds = await _heard(heard, vm)
        assert (await road.machine(vm)).state is VmState.PAUSED
        with capsys.disabled():
            sys.stdout.write(f"\n    pause from outside heard {1000 * seconds:.0f} ms after VBoxManage ended\n")
        assert seconds < 1


async def test_a_snapshot_and_a_vm_from_outside_are_heard(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    async with _hearing(road) as heard:
        await _manage("snapshot", vm, "take", "theirs")
        await _heard(heard, vm)
        assert [one.name for one in (await road.machine(vm)).snapshots] == ["theirs"]
        await _manage("controlvm", vm, "poweroff")
        await _heard(heard, vm)
        manage = ManageRoad(clock=RealClock())
        await manage.open()
        other = (await vms.make(manage)).vm_id
        await _heard(heard, other)
        await road.unregister(other)
        await _heard(heard, other)


async def test_a_killed_vm_is_heard_and_its_session_is_not_its_cause(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    await road.pause(vm)
    await road.resume(vm)
    owned = processes.find_vm(vm)
    assert owned is not None
    async with _hearing(road) as heard:
        _kill(owned.pid)

        async def aborted() -> bool:
            await heard.get()
            return (await road.machine(vm)).state is VmState.ABORTED

        async with asyncio.timeout(5):
            await _until(aborted, "aborted")
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
    async with _hearing(road) as heard:
        begun = time.monotonic()
        _kill(server.pid)
        in_flight = asyncio.create_task(road.machine(vm))
        await _heard(heard, None, seconds=2)
        seconds = time.monotonic() - begun
        with pytest.raises(HypervisorBroken):
            await in_flight
        assert processes.find_vm(vm) == owned
        waiting = asyncio.create_task(road.machine(vm))
        await asyncio.sleep(1.5)
        assert not waiting.done()
        _kill(owned.pid)  # it holds VBoxSVC's socket: until then nobody can connect
        assert (await waiting).vm_id == vm
        await _ended(vm)
        assert (await road.machine(vm)).state in {VmState.POWERED_OFF, VmState.ABORTED}
        await road.start(vm)
        await _heard(heard, vm)
    with capsys.disabled():
        sys.stdout.write(f"\n    end of VBoxSVC heard after {1000 * seconds:.0f} ms\n")


async def test_a_worker_that_dies_is_one_broken_call_and_the_next_opens_again(road: ApiRoad, vms: Vms) -> None:
    vm = await vms.running()
    assert road.pid is not None
    async with _hearing(road) as heard:
        _kill(road.pid)
        await _heard(heard, None)
        await road.pause(vm)
        assert (await road.machine(vm)).state is VmState.PAUSED


async def _to_the_end(road: ApiRoad) -> None:
    async for _ in road.changes():
        pass


async def test_closing_is_at_once_and_vms_go_on(vms: Vms) -> None:
    vm = await vms.running()
    other = _api()
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
    assert not _exists(f"/proc/{pid}")
    assert (await _shown(vm)).state is VmState.PAUSED
    with pytest.raises(HypervisorBroken):
        await other.pause(vm)
