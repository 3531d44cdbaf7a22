"""Every format of an image and every way of contextualisation, in real QEMU, with the reference appliance converted to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tarfile
from typing import TYPE_CHECKING, Any

import native
import pytest

from contract.hypervisor_contract import new_id
from support.appliances import OVA_MEMORY_MIB, convert, descriptor
from support.command_line import t4t
from support.qemu_rig import QemuRig
from t4t.domain.appliance_descriptor import ContextWay, ImageFormat
from t4t.engine.appliance_folder import ApplianceFolder, open_task_folder
from t4t.engine.folder import Wishes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(200)]

RUNSPEC = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 120 11"
VALUES = {"T4T_MODE": "idle", "BOINC_USERNAME": " Ada “Lovelace” = 1 ", "T4T_HEARTBEAT_SECONDS": "2"}


@pytest.fixture
async def rig(tmp_path: Path, appliance_dir: Path) -> AsyncIterator[QemuRig]:
    rig = QemuRig(tmp_path, appliance_dir)
    yield rig
    await rig.close()


async def answer(port: int, path: str) -> Any:
    """A JSON document of the guest's, None as long as there is none."""
    with contextlib.suppress(OSError, ValueError, TimeoutError):
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: guest\r\n\r\n".encode())
                return json.loads((await reader.read()).partition(b"\r\n\r\n")[2])
            finally:
                writer.close()
    return None


@pytest.mark.parametrize(
    ("kind", "way", "machine"),
    [
        (ImageFormat.RAW, ContextWay.AMICONFIG, "memory_mib = 256"),
        (ImageFormat.VDI, ContextWay.FLOPPY, "memory_mib = 256"),
        (ImageFormat.VMDK, ContextWay.SHARED_FOLDER, "memory_mib = 256"),
        (ImageFormat.VMDK_GZ, ContextWay.CIDATA, "memory_mib = 256"),
        (ImageFormat.OVA, ContextWay.EC2, ""),
        (ImageFormat.ISO, ContextWay.OPENSTACK, "memory_mib = 256\ncache_disk_mib = 64"),
    ],
    ids=lambda value: getattr(value, "value", ""),
)
async def test_a_guest_in_any_format_hears_us_by_any_way(rig: QemuRig, kind: ImageFormat, way: ContextWay, machine: str) -> None:
    home = rig.folder / "task"
    home.mkdir()
    convert(rig.appliance, kind, home / f"disk.{kind.value}")
    (home / "appliance.toml").write_text(descriptor(kind=kind, way=way, values=VALUES, machine=machine), encoding="utf-8")
    folder = open_task_folder(home, appliance_folder=rig.appliance)
    assert isinstance(folder, ApplianceFolder)
    folder.own.mkdir()  # where the lock of a run lies
    folder.unpack()
    folder.prepare()
    spec = folder.spec(new_id(), Wishes())
    driver = rig.driver()
    await driver.create(spec)
    info = await driver.start(spec.vm_id)
    port = info.ports[0].host_port

    async def heard() -> bool:
        facts = await answer(port, "/boinc.json")
        return bool(facts) and facts["boinc"].get("BOINC_USERNAME") == VALUES["BOINC_USERNAME"]

    await rig.eventually(heard, seconds=120, what="the guest's page with the name that it was told")
    memory = (await answer(port, "/machine.json"))["memory_mib"]
    wanted = OVA_MEMORY_MIB if kind is ImageFormat.OVA else 256
    assert wanted * 3 // 4 < memory <= wanted, "what the guest sees of its memory"
    assert (await answer(port, "/job/index.json"))["state"] == "idle"
    if kind is ImageFormat.ISO:
        assert info.console_log is not None
        assert "[vda] 131072 512-byte" in rig.folder.joinpath(info.console_log).read_text(errors="replace")

    async def beats() -> bool:
        return (home / "shared" / "heartbeat").is_file()

    await rig.eventually(beats, seconds=60, what="a heartbeat in the shared folder")


def test_a_job_told_by_a_config_drive_comes_back_from_a_packed_image(tmp_path: Path, appliance_dir: Path) -> None:
    """The whole command: unpack, tell the guest by the ISO image, run, fetch the result; nothing unpacked stays."""
    home = tmp_path / "task"
    home.mkdir()
    convert(appliance_dir, ImageFormat.OVA, home / "disk.ova")
    text = descriptor(kind=ImageFormat.OVA, way=ContextWay.OPENSTACK, copy=["input", "init_data.xml"])
    (home / "appliance.toml").write_text(text, encoding="utf-8")
    (home / "input").write_text(f"./runRivet.sh {RUNSPEC}\n")
    (home / "init_data.xml").write_text("<app_init_data><user_name>Ada</user_name><authenticator>secret</authenticator></app_init_data>")
    done = t4t("--json", "task", "run", str(home), "--cores", "1", data=tmp_path / "data", seconds=190)
    assert done.status == 0, done.err
    result = json.loads(done.out)
    assert (result["outcome"], result["hypervisor"]) == ("done", "qemu")
    expected = native.run_native(appliance_dir, RUNSPEC, tmp_path / "native").read_bytes()
    assert (home / "shared" / "output.tgz").read_bytes() == expected
    assert b"secret" not in (home / ".t4t" / "vm_context.iso").read_bytes()
    assert {path.name for path in (home / ".t4t").iterdir()} == {"task.json", "vm_context.iso"}
    with tarfile.open(home / "shared" / "output.tgz") as archive:
        assert "histograms.yoda" in archive.getnames()


def test_an_appliance_for_another_hypervisor_starts_nothing(tmp_path: Path) -> None:
    home = tmp_path / "task"
    home.mkdir()
    text = descriptor(kind=ImageFormat.VDI).replace('["qemu", "virtualbox"]', '["virtualbox"]')
    (home / "appliance.toml").write_text(text, encoding="utf-8")
    (home / "disk.vdi").write_bytes(b"anything")
    done = t4t("task", "run", str(home), "--hypervisor", "qemu", data=tmp_path / "data")
    assert done.status == 5
    assert done.is_notice("T4T-APP-05")
    assert {path.name for path in home.iterdir()} == {"appliance.toml", "disk.vdi"}
