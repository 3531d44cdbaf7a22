"""Every format of an image and every way of contextualisation, in real QEMU, with the reference appliance converted to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from contract.hypervisor_contract import new_id
from support.appliances import OVA_MEMORY_MIB, convert, descriptor
from support.command_line import t4t
from support.qemu_rig import QemuRig
from support.task_shell import EE, shell_on
from t4t.domain.appliance_descriptor import ContextWay, ImageFormat
from t4t.domain.vm import VmState
from t4t.engine.appliance_folder import ApplianceFolder, open_task_folder
from t4t.engine.folder import Wishes
from t4t.hypervisor.qemu.driver import QemuDriver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.hypervisor.driver import Driver

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(200)]

VALUES = {"T4T_MODE": "idle", "BOINC_USERNAME": " Ada “Lovelace” = 1 ", "T4T_HEARTBEAT_SECONDS": "2"}


class Rig(QemuRig):
    """Machines at ordinary priority: in the background they stand still on a busy computer."""

    def make(self, owner: str) -> Driver:
        return QemuDriver(self.data, owner=owner, free=self._free, background=False)


@pytest.fixture
async def rig(tmp_path: Path, appliance_dir: Path) -> AsyncIterator[QemuRig]:
    rig = Rig(tmp_path, appliance_dir)
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
        job = await answer(port, "/job/index.json")
        return bool(facts and job) and facts["boinc"].get("BOINC_USERNAME") == VALUES["BOINC_USERNAME"] and job["state"] == "idle"

    await rig.eventually(heard, seconds=120, what="the guest's page with the name that it was told, and idle as it was told")
    machine_facts = await answer(port, "/machine.json")
    memory = machine_facts["memory_mib"]
    wanted = OVA_MEMORY_MIB if kind is ImageFormat.OVA else 256
    assert wanted * 3 // 4 < memory <= wanted, "what the guest sees of its memory"
    if kind is ImageFormat.ISO:
        assert info.console_log is not None
        assert "[vda] 131072 512-byte" in rig.folder.joinpath(info.console_log).read_text(errors="replace")

    async def beats() -> bool:
        return (home / "shared" / "heartbeat").is_file()

    await rig.eventually(beats, seconds=60, what="a heartbeat in the shared folder")
    assert (await driver.save(spec.vm_id)).state is VmState.SAVED, "QEMU saves no machine on a VDI or VMDK base"
    assert (await driver.start(spec.vm_id)).state is VmState.RUNNING


@pytest.mark.unmeasured
def test_a_job_told_by_a_config_drive_comes_back_from_a_packed_image(tmp_path: Path, appliance_dir: Path) -> None:
    """The whole command, interrupted once: unpack, tell the guest by the ISO image, run, save, go on, fetch the result; nothing unpacked stays."""
    with shell_on(tmp_path, appliance_dir, EE.format(events=400, seed=11)) as shell:
        for name in ("vbox_job.xml", "vm_image.raw"):
            (shell.task / name).unlink()
        convert(appliance_dir, ImageFormat.OVA, shell.task / "disk.ova")
        text = descriptor(kind=ImageFormat.OVA, way=ContextWay.OPENSTACK, copy=["input", "init_data.xml"])
        (shell.task / "appliance.toml").write_text(text, encoding="utf-8")
        (shell.task / "init_data.xml").write_text("<app_init_data><user_name>Ada</user_name><authenticator>secret</authenticator></app_init_data>")
        own = shell.task / ".t4t"
        first = shell.start("--cores", "1")
        shell.until(0.1)
        first.send_signal(signal.SIGINT)
        assert shell.finish(first, status=130)["outcome"] == "saved"
        image = (own / "image.vdi").stat()
        second = shell.start("--cores", "1")
        shell.until(0.2)
        assert (own / "image.vdi").stat().st_ino == image.st_ino, "what is unpacked is not unpacked again"
        document = shell.finish(second)
        assert (document["outcome"], document["hypervisor"], document["restarts"]) == ("done", "qemu", 1)
        assert shell.result() == shell.native()
        assert b"secret" not in (own / "vm_context.iso").read_bytes()
        assert {path.name for path in own.iterdir()} == {"task.json", "vm_context.iso"}
        assert shell.ours() == []


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


def test_a_descriptor_that_is_wrong_is_told_by_file_and_key(tmp_path: Path) -> None:
    home = tmp_path / "task"
    home.mkdir()
    (home / "appliance.toml").write_text(descriptor(machine="memory_mib = 1"), encoding="utf-8")
    done = t4t("task", "run", str(home), data=tmp_path / "data")
    assert done.status == 6
    assert done.is_notice("T4T-APP-06")
    assert str(home / "appliance.toml") in done.err
    assert "machine.memory_mib" in done.err


def test_the_appliances_that_are_known(tmp_path: Path) -> None:
    listed = json.loads(t4t("--json", "appliance", "list", data=tmp_path).out)["appliances"]
    assert [one["name"] for one in listed] == ["reference", "lhcathome-theory", "micro-cernvm"]
    assert json.loads(t4t("--json", "appliance", "info", "micro-cernvm", data=tmp_path).out) == listed[2]
    missing = t4t("appliance", "info", "nothing", data=tmp_path)
    assert missing.status == 2
    assert missing.is_notice("T4T-APP-03")
