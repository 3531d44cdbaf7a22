"""Task folders: from the job's elements to a specification, and what is written for the guest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import contents
from support.disk_images import iso
from support.task_folders import boot_sector, make_task
from t4t.domain.errors import FolderUnwritable, ImageDamaged, TaskFileMissing, TaskLinkRefused
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, Share, VmId, VmSpec
from t4t.engine.folder import TaskFolder, Wishes
from t4t.host import resources

if TYPE_CHECKING:
    from pathlib import Path

THEORY = """<vbox_job>
    <os_name>Linux26_64</os_name>
    <memory_size_mb>630</memory_size_mb>
    <enable_network/>
    <enable_remotedesktop/>
    <enable_shared_directory/>
    <copy_to_shared>init_data.xml</copy_to_shared>
    <copy_to_shared>input</copy_to_shared>
    <completion_trigger_file>shutdown</completion_trigger_file>
    <enable_screenshots_on_error/>
    <multiattach_vdi_file>Theory_2024_05_08_prod.vdi</multiattach_vdi_file>
    <job_duration>864000</job_duration>
    <heartbeat_filename>heartbeat</heartbeat_filename>
    <minimum_heartbeat_interval>1200</minimum_heartbeat_interval>
    <pf_guest_port>80</pf_guest_port>
    <disable_automatic_checkpoints/>
    <something_new>1</something_new>
</vbox_job>
"""
ID = VmId("0123456789abcdef")


def _spec(path: Path, **wishes: Any) -> VmSpec:
    return TaskFolder(path).spec(ID, replace(Wishes(), **wishes))


def _task(tmp_path: Path, **changes: str | None) -> Path:
    return make_task(tmp_path / "slots" / "0", changes=changes)


@pytest.fixture(autouse=True)
def _one_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "architecture", lambda: "x86_64")


def test_a_production_task(tmp_path: Path) -> None:
    path = _task(tmp_path)
    (path / "vm_image.raw").unlink()
    project = tmp_path / "projects" / "lhcathome"
    project.mkdir(parents=True)
    (project / "Theory.vdi").write_bytes(boot_sector())
    (path / "Theory_2024_05_08_prod.vdi").write_text("<soft_link>../../projects/lhcathome/Theory.vdi</soft_link>\n")
    (path / "init_data.xml").write_text("<app_init_data><user_name>Ada</user_name><authenticator>0123secret</authenticator></app_init_data>")
    (path / "vbox_job.xml").write_text(THEORY)
    folder = TaskFolder(path)
    spec = folder.spec(ID, Wishes(cores=2, cap_percent=50))
    assert spec.boot == BootDisk(str(project / "Theory.vdi"), DiskFormat.RAW)
    assert (spec.memory_mib, spec.cores, spec.cap_percent, spec.name) == (630, 2, 50, "t4t_01234567")
    assert spec.ports == (PortForward(name="web", guest_port=80),)
    assert spec.shares == (Share("shared", str(path / "shared")),)
    assert not spec.remote_desktop
    assert list(folder.ignored()) == ["enable_remotedesktop", "something_new"]
    before = contents(path)
    folder.prepare()
    assert "Ada" in (path / "shared" / "init_data.xml").read_text()
    assert "secret" not in (path / "shared" / "init_data.xml").read_text()
    assert (path / "shared" / "input").read_text() == (path / "input").read_text()
    folder.undo_prepare()
    assert contents(path) == before


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"os_name": None}, "os_type", "Linux26_64"),
        ({"os_name": "Debian12_64"}, "os_type", "Debian12_64"),
        ({"memory_size_mb": "2000"}, "memory_mib", 2000),
        ({"vram_size_mb": "64"}, "vram_mib", 64),
        ({"vm_disk_controller_type": "ide"}, "disk_controller", "ide"),
        ({"vm_disk_controller_model": "PIIX4"}, "disk_controller_model", "PIIX4"),
        ({"vm_network_driver": "82540EM"}, "nic_type", "82540EM"),
        ({"enable_network": None}, "network", False),
        ({"enable_network": None}, "ports", ()),
        ({"network_bridged_mode": "1"}, "bridged", True),
        ({"enable_nat_dns_host_resolver": "1"}, "nat_dns_host_resolver", True),
        ({"enable_cache_disk": "1"}, "cache_disk_mib", 20_000),
        ({"enable_shared_directory": None, "copy_to_shared": None}, "shares", ()),
    ],
)
def test_elements(tmp_path: Path, changes: dict[str, str | None], field: str, value: object) -> None:
    assert getattr(_spec(_task(tmp_path, **changes)), field) == value


def test_wishes_win(tmp_path: Path) -> None:
    spec = _spec(_task(tmp_path), cores=3, memory_mib=900, bandwidth_kib_s=10)
    assert (spec.cores, spec.memory_mib, spec.bandwidth_kib_s) == (3, 900, 10)
    assert TaskFolder(tmp_path / "slots" / "0").needed_disk_mib(spec) > 2 * 900


def test_an_iso(tmp_path: Path) -> None:
    path = _task(tmp_path, boot_iso="1", enable_isocontextualization="1", enable_cache_disk="1")
    (path / "vm_image.iso").write_bytes(iso())
    with pytest.raises(TaskFileMissing):
        TaskFolder(path)
    (path / "vm_isocontext.iso").touch()
    with pytest.raises(ImageDamaged):
        TaskFolder(path)
    (path / "vm_isocontext.iso").write_bytes(b"context")
    spec = _spec(path)
    assert spec.boot == BootIso(str(path / "vm_image.iso"))
    assert spec.config_iso == str(path / "vm_isocontext.iso")


def test_shares(tmp_path: Path) -> None:
    path = _task(tmp_path, enable_scratch_directory="1")
    assert [share.name for share in _spec(path).shares] == ["shared", "scratch"]
    folder = TaskFolder(path)
    folder.prepare()
    assert (path / "scratch").is_dir()
    folder.undo_prepare()
    assert not (path / "scratch").exists()
    (path / "init_data.xml").write_text(f"<app_init_data><project_dir>{tmp_path}</project_dir></app_init_data>")
    (path / "vbox_job.xml").write_text("<vbox_job><share_project_dir/></vbox_job>")
    assert _spec(path).shares == (Share("project", str(tmp_path)),)


def test_what_is_copied_into_folders(tmp_path: Path) -> None:
    path = _task(tmp_path, copy_to_shared="a/b/c", copy_cmdline_to_shared="1")
    (path / "a" / "b").mkdir(parents=True)
    (path / "a" / "b" / "c").write_text("deep")
    before = contents(path)
    folder = TaskFolder(path)
    folder.prepare(cmdline="--fast")
    assert (path / "shared" / "a" / "b" / "c").read_text() == "deep"
    assert (path / "shared" / "cmdline").read_text() == "--fast"
    folder.undo_prepare()
    assert contents(path) == before


def test_a_link_of_the_guests_is_not_followed(tmp_path: Path) -> None:
    path = _task(tmp_path, copy_to_shared="a/b")
    (path / "a").mkdir()
    (path / "a" / "b").write_text("mine")
    (path / "shared").mkdir()
    (tmp_path / "outside").mkdir()
    (path / "shared" / "a").symlink_to(tmp_path / "outside")
    with pytest.raises(FolderUnwritable, match="link"):
        TaskFolder(path).prepare()
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_link_in_a_folder_of_ones_own_is_followed(tmp_path: Path) -> None:
    """A person made it; BOINC has nothing to do with this folder."""
    (tmp_path / "images").mkdir()
    path = make_task(tmp_path / "mine")
    (path / "vm_image.raw").rename(tmp_path / "images" / "disk.raw")
    (path / "vm_image.raw").symlink_to(tmp_path / "images" / "disk.raw")
    assert _spec(path).boot.path == str(tmp_path / "images" / "disk.raw")
    (path / "input").write_text("<soft_link>../images/disk.raw</soft_link>")
    with pytest.raises(TaskLinkRefused):
        TaskFolder(path)


def test_the_checksums_may_be_right(tmp_path: Path) -> None:
    path = _task(tmp_path)
    (path / "vm_image.raw").write_bytes(boot_sector())
    sums = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58"
    (path / "big").write_bytes(bytes(1024 * 1024))
    (path / "SHA256SUMS").write_text(f"a comment\n\n{sums} *./big\n{sums.upper()}  big\n")
    TaskFolder(path)


def test_the_output_file(tmp_path: Path) -> None:
    folder = TaskFolder(_task(tmp_path))
    folder.write_output("done\n")
    assert (folder.path / "output").read_text() == "done\n"
    (folder.path / "output").unlink()
    (folder.path / "output").mkdir()
    with pytest.raises(FolderUnwritable):
        folder.write_output("done\n")


def test_the_floppy(tmp_path: Path) -> None:
    folder = TaskFolder(_task(tmp_path, enable_floppyio="1"))
    folder.own.mkdir()
    folder.prepare()
    assert folder.floppy is not None
    assert folder.floppy.stat().st_size > 0
    kept = folder.floppy.stat().st_mtime_ns
    folder.prepare()
    assert folder.floppy.stat().st_mtime_ns == kept
    folder.undo_prepare()
    assert not folder.floppy.exists()
    assert folder.key == TaskFolder(folder.path).key
