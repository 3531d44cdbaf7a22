"""Every format of an image and the ISO ways of contextualisation on real VirtualBox; its own export of an appliance among them."""

from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from contract.hypervisor_contract import fetch, new_id
from support.appliances import descriptor, make_ova
from support.task_folders import boot_sector
from support.virtualbox_rig import GUEST_MIB, VirtualBoxRig, manage_road, vboxmanage
from t4t.domain.appliance_descriptor import ContextWay, ImageFormat
from t4t.domain.vm import VmState
from t4t.engine.appliance_folder import ApplianceFolder, open_task_folder
from t4t.engine.folder import Wishes
from t4t.storage.prepared import prepare_image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.domain.vm import VmInfo

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(240)]

SAYS = b"t4t boot sector speaking"
# cli; ds = 0; si = text; dx = 0x504, VirtualBox's port for the guest's log; then write one letter after the other, then stand still.
SPEAKING = bytes.fromhex("fa31c08ed8be167cba0405ac84c07403eeebf8ebfe") + b"\0" + SAYS + b"\n\0"
VALUES = {"T4T_MODE": "idle", "BOINC_USERNAME": "Ada"}
FORMATS = {ImageFormat.VDI: "VDI", ImageFormat.VMDK: "VMDK"}


@pytest.fixture
async def rig(tmp_path: Path, appliance_dir: Path) -> AsyncIterator[VirtualBoxRig]:
    rig = VirtualBoxRig(tmp_path, appliance_dir, manage_road)
    yield rig
    await rig.close()


async def convert(raw: Path, kind: ImageFormat, target: Path) -> None:
    """``raw`` as VirtualBox itself makes each format."""
    match kind:
        case ImageFormat.RAW:
            shutil.copyfile(raw, target)
        case ImageFormat.OVA:
            stream = target.with_suffix(".vmdk")
            await vboxmanage("convertfromraw", raw, stream, "--format", "VMDK", "--variant", "Stream")
            _wrap(stream, target, capacity=len(boot_sector()))
        case ImageFormat.VDI_GZ | ImageFormat.VMDK_GZ:
            plain = target.with_suffix("")
            await convert(raw, ImageFormat(kind.value.removesuffix(".gz")), plain)
            _pack(plain, target)
        case _:
            await vboxmanage("convertfromraw", raw, target, "--format", FORMATS[kind])


def _wrap(stream: Path, target: Path, *, capacity: int) -> None:
    make_ova(target, disk=stream.read_bytes(), capacity=capacity, algorithm="SHA1")
    stream.unlink()


def _pack(plain: Path, target: Path) -> None:
    target.write_bytes(gzip.compress(plain.read_bytes(), 1))
    plain.unlink()


def folder_around(
    rig: VirtualBoxRig, image: Path, kind: ImageFormat, *, way: ContextWay = ContextWay.NONE, machine: str = "memory_mib = 128"
) -> ApplianceFolder:
    """A folder with the image, ready to run."""
    home = rig.folder / "task"
    home.mkdir()
    image.rename(home / f"disk.{kind.value}")
    (home / "appliance.toml").write_text(descriptor(kind=kind, way=way, values=VALUES, machine=machine), encoding="utf-8")
    folder = open_task_folder(home, appliance_folder=rig.appliance)
    assert isinstance(folder, ApplianceFolder)
    folder.own.mkdir()
    folder.unpack()
    folder.prepare()
    return folder


async def started(rig: VirtualBoxRig, folder: ApplianceFolder) -> VmInfo:
    driver = rig.driver()
    spec = folder.spec(new_id(), Wishes())
    await driver.create(spec)
    return await driver.start(spec.vm_id)


@pytest.mark.parametrize(
    "kind",
    [ImageFormat.RAW, ImageFormat.VDI, ImageFormat.VMDK, ImageFormat.VDI_GZ, ImageFormat.VMDK_GZ, ImageFormat.OVA],
    ids=lambda kind: kind.value,
)
async def test_the_bios_starts_what_any_format_holds(rig: VirtualBoxRig, kind: ImageFormat) -> None:
    raw = rig.folder / "speaking.img"
    raw.write_bytes(boot_sector(SPEAKING))
    image = rig.folder / f"made.{kind.value}"
    await convert(raw, kind, image)
    info = await started(rig, folder_around(rig, image, kind))
    assert info.console_log is not None
    log = rig.folder / info.console_log

    async def spoken() -> bool:
        return log.is_file() and SAYS in log.read_bytes()

    await rig.eventually(spoken, seconds=60, what="the boot sector's word in the machine's log")
    assert info.state is VmState.RUNNING


async def test_an_appliance_that_virtualbox_exported_boots_and_hears_us(rig: VirtualBoxRig) -> None:
    """VirtualBox's own OVA, with its manifest, told by an EC2 drive; disk equal to the one that was exported, heartbeat through the shared folder."""
    name = f"t4t-export-{new_id()[:8]}"
    disk = rig.folder / "exported.vdi"
    shutil.copyfile(rig.appliance / "t4t-appliance.vdi", disk)
    await vboxmanage("internalcommands", "sethduuid", disk)
    await vboxmanage("createvm", "--name", name, "--ostype", "Linux26_64", "--register", "--basefolder", rig.folder)
    try:
        await vboxmanage("modifyvm", name, "--memory", str(GUEST_MIB))
        await vboxmanage("storagectl", name, "--name", "SATA", "--add", "sata", "--controller", "IntelAHCI", "--portcount", "1")
        await vboxmanage("storageattach", name, "--storagectl", "SATA", "--port", "0", "--type", "hdd", "--medium", disk)
        await vboxmanage("export", name, "--output", rig.folder / "made.ova", "--manifest")
    finally:
        await vboxmanage("unregistervm", name, "--delete", good=False)
    found = prepare_image(rig.folder / "made.ova", kind=ImageFormat.OVA, folder=rig.folder / "look", limit=1 << 30)
    assert (found.memory_mib, found.cores) == (GUEST_MIB, 1)
    await vboxmanage("internalcommands", "converttoraw", found.boot.path, rig.folder / "back.img")
    assert (rig.folder / "back.img").read_bytes() == (rig.appliance / "t4t-appliance.raw").read_bytes()
    folder = folder_around(rig, rig.folder / "made.ova", ImageFormat.OVA, way=ContextWay.EC2, machine='nic_type = "virtio"')
    await _hears(rig, folder)

    async def beats() -> bool:
        return (folder.path / "shared" / "heartbeat").is_file()

    await rig.eventually(beats, seconds=90, what="a heartbeat in the shared folder")


async def test_an_iso_image_boots_with_a_cache_disk_and_a_context_iso(rig: VirtualBoxRig) -> None:
    """As micro-CernVM boots: ISO image, empty disk, contextualisation."""
    image = rig.folder / "made.iso"
    shutil.copyfile(rig.appliance / "t4t-appliance.iso", image)
    machine = f'memory_mib = {GUEST_MIB}\ncache_disk_mib = 64\nnic_type = "virtio"'
    folder = folder_around(rig, image, ImageFormat.ISO, way=ContextWay.AMICONFIG, machine=machine)
    info = await _hears(rig, folder)
    attached = await vboxmanage("showvminfo", info.vm_id, "--machinereadable")
    assert "cache.vdi" in attached
    assert "vm_context.iso" in attached


async def _hears(rig: VirtualBoxRig, folder: ApplianceFolder) -> VmInfo:
    info = await started(rig, folder)

    async def told() -> bool:
        page = await fetch(info.ports[0].host_port, "/boinc.json")
        return page is not None and json.loads(page)["boinc"].get("BOINC_USERNAME") == "Ada"

    await rig.eventually(told, seconds=150, what="the guest's page with the name that it was told")
    return info
