"""The API road on real VirtualBox: what it sees, and VMs without a process."""

from __future__ import annotations

import os
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from t4t.domain.appliance_descriptor import ContextWay
from t4t.domain.errors import CommandFailed, MediumMissing, T4TError, VmExists, VmNotFound
from t4t.domain.vm import BootIso, PortForward, Share, VmId, VmSpec, VmState
from t4t.guest import context
from t4t.guest.config_iso import write_config_iso
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import listing, options, parse, processes
from t4t.hypervisor.virtualbox.api.choice import opens
from t4t.hypervisor.virtualbox.manage import ManageRoad

if TYPE_CHECKING:
    from t4t.hypervisor.virtualbox.api.road import ApiRoad
    from t4t.hypervisor.virtualbox.view import Machine
from lab.api_vms import Vms, api, exists, manage, shown, unlocked, until

pytestmark = pytest.mark.virtualbox


# --- looking ----------------------------------------------------------------------------------------------------------


async def test_open_says_the_version_and_is_cheap_when_open(road: ApiRoad) -> None:
    version = await road.open()
    assert (await manage("--version")).startswith(version.number)
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
    road = api()
    assert await opens(road)
    await road.close()


async def test_a_machine_is_what_vboxmanage_says_it_is(road: ApiRoad, vms: Vms, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    ports = (PortForward(name="web", guest_port=80, host_port=18080), PortForward(name="a,b", guest_port=81, host_port=18081, remote=True))
    spec = await vms.make(ports=ports[:1], shares=(Share("shared", str(tmp_path / "shared")),), bandwidth_kib_s=100, cap_percent=70, cache_disk_mib=8)
    vm = spec.vm_id

    async def same() -> Machine:
        seen = await road.machine(vm)
        told = await shown(vm)
        assert sorted(map(str, seen.attachments)) == sorted(map(str, told.attachments))
        assert replace(seen, attachments=(), fields={}) == replace(told, attachments=(), fields={})
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
    await until(lambda: unlocked(road, vm), "unlocked")
    saved = await same()
    assert saved.state is VmState.SAVED
    assert exists(saved.state_file)


async def test_lists_are_those_of_vboxmanage(road: ApiRoad, vms: Vms, tmp_path: Path) -> None:
    one = await vms.make(cache_disk_mib=8)
    await vms.make()
    base = tmp_path / "base.vdi"
    await manage("createmedium", "disk", "--filename", str(base), "--size", "4")
    await road.introduce(one, str(base))
    await road.attach_base(one, str(base))
    assert sorted(map(str, await road.registered())) == sorted(map(str, listing.vms(await manage("list", "vms"))))
    assert sorted(map(str, await road.media())) == sorted(map(str, listing.media(await manage("list", "hdds", "--long"))))
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
    write_config_iso(iso, context.seed(ContextWay.CIDATA, text="x", instance="x"))
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
    by_hand = ManageRoad(clock=RealClock())
    await by_hand.open()
    ours = await vms.make(**wishes[shape])
    theirs = await vms.make(by_hand, **wishes[shape])
    seen, expected = [_settings(await manage("showvminfo", spec.vm_id, "--machinereadable"), spec.vm_id) for spec in (ours, theirs)]
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
    await manage("createmedium", "disk", "--filename", str(base), "--size", "4")
    await manage("closemedium", "disk", str(base))
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
    assert listing.media(await manage("showmediuminfo", str(tmp_path / "disk.vdi")))[0].uuid == wanted


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
    seen = await shown(vm)
    assert (seen.cores, seen.memory_mib, seen.cap_percent, seen.link_up) == (2, 96, 30, False)
    assert [rule.name for rule in seen.rules] == ["more"]
    assert [share.name for share in seen.shares] == ["two"]
    assert seen.groups[0].bytes_per_second == 10240
    await road.set_resources(vm, memory_mib=97)
    assert (await shown(vm)).cores == 2
    with pytest.raises(T4TError):
        await road.set_cap(vm, 0, live=False)
    assert (await road.machine(vm)).session == ""


async def test_a_group_for_a_vm_that_was_made_without(road: ApiRoad, vms: Vms) -> None:
    by_hand = ManageRoad(clock=RealClock())
    await by_hand.open()
    vm = (await vms.make(by_hand)).vm_id
    assert (await road.machine(vm)).groups == ()
    with pytest.raises(CommandFailed):
        await road.set_bandwidth(vm, 5)
    for limit in (5, 6):
        await road.shape(vm, limit)
        assert [one.bytes_per_second for one in (await shown(vm)).groups] == [limit * 1024]
