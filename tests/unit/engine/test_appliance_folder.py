"""Folders around an appliance: what the guest gets, what is refused, what stays."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pycdlib
import pytest

from support.appliances import descriptor, make_ova
from support.disk_images import iso, stream_vmdk
from support.task_folders import boot_sector, make_task
from t4t.domain.appliance_descriptor import ContextWay, ImageFormat
from t4t.domain.errors import (
    ApplianceDamaged,
    ChecksumMismatch,
    DescriptorInvalid,
    FolderMissing,
    ImageDamaged,
    ImageWrongArchitecture,
    TaskFileMissing,
    TaskLinkRefused,
)
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, Share, VmId
from t4t.engine.appliance_folder import ApplianceFolder, open_task_folder
from t4t.engine.folder import TaskFolder, Wishes
from t4t.engine.record import RecordFile
from t4t.guest import floppy
from t4t.host import resources
from t4t.storage import appliance

if TYPE_CHECKING:
    from pathlib import Path

VM = VmId("12345678-0000-0000-0000-000000000000")
ACCOUNT = "<app_init_data><user_name>Ada</user_name><authenticator>secret</authenticator></app_init_data>"


@pytest.fixture(autouse=True)
def _x86(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "architecture", lambda: "x86_64")


def made(path: Path, *, image: bytes | None = None, replace: tuple[str, str] = ("", ""), **changes: Any) -> Path:
    """A folder with a descriptor and its image."""
    path.mkdir()
    kind = changes.get("kind", ImageFormat.RAW)
    (path / "appliance.toml").write_text(descriptor(**changes).replace(*replace), encoding="utf-8")
    (path / f"disk.{kind.value}").write_bytes(boot_sector() if image is None else image)
    (path / "input").write_text("job\n")
    (path / "init_data.xml").write_text(ACCOUNT)
    return path


def opened(path: Path) -> ApplianceFolder:
    folder = open_task_folder(path, appliance_folder=path.parent / "appliance")
    assert isinstance(folder, ApplianceFolder)
    folder.own.mkdir(exist_ok=True)
    return folder


def ready(path: Path) -> ApplianceFolder:
    folder = opened(path)
    folder.unpack()
    folder.prepare()
    return folder


def on_iso(path: Path, name: str) -> bytes:
    disc = pycdlib.PyCdlib()
    disc.open_fp(io.BytesIO(path.read_bytes()))
    content = io.BytesIO()
    disc.get_file_from_iso_fp(content, rr_path=f"/{name}")
    disc.close()
    return content.getvalue()


def test_which_kind_of_folder(tmp_path: Path) -> None:
    project = make_task(tmp_path / "project")
    (project / "appliance.toml").write_text("")
    assert type(open_task_folder(project, appliance_folder=tmp_path)) is TaskFolder
    assert opened(made(tmp_path / "own")).hypervisors == ("qemu", "virtualbox")
    with pytest.raises(FolderMissing):
        open_task_folder(tmp_path / "gone", appliance_folder=tmp_path)
    with pytest.raises(TaskFileMissing):
        open_task_folder(tmp_path, appliance_folder=tmp_path)


def test_a_projects_folder_has_nothing_to_unpack(tmp_path: Path) -> None:
    task = make_task(tmp_path / "project")
    before = sorted(task.iterdir())
    folder = TaskFolder(task)
    folder.unpack()
    folder.tidy()
    assert (sorted(task.iterdir()), folder.hypervisors) == (before, ())


def test_by_the_shared_folder(tmp_path: Path) -> None:
    folder = ready(made(tmp_path / "t", values={"T4T_MODE": "idle"}, copy=["input", "init_data.xml"]))
    spec = folder.spec(VM, Wishes(cores=2, cap_percent=50))
    assert spec.boot == BootDisk(str(tmp_path / "t" / "disk.raw"), DiskFormat.RAW)
    assert (spec.cores, spec.cap_percent, spec.config_iso, spec.floppy) == (2, 50, None, None)
    assert spec.shares == (Share("shared", str(tmp_path / "t" / "shared")),)
    given = {path.name: path.read_text() for path in (tmp_path / "t" / "shared").iterdir()}
    assert (given["context"], given["input"]) == ("T4T_MODE=idle\n", "job\n")
    assert "Ada" in given["init_data.xml"]
    assert "secret" not in given["init_data.xml"]
    folder.undo_prepare()
    assert not (tmp_path / "t" / "shared").exists()


def test_user_data_in_the_shared_folder(tmp_path: Path) -> None:
    ready(made(tmp_path / "t", replace=("[context.values]", 'user_data = "#!/bin/sh\\n"')))
    assert [path.name for path in (tmp_path / "t" / "shared").iterdir()] == ["user-data"]
    ready(made(tmp_path / "u"))
    assert list((tmp_path / "u" / "shared").iterdir()) == []


def test_by_an_iso_image(tmp_path: Path) -> None:
    path = made(tmp_path / "t", way=ContextWay.CIDATA, values={"T4T_MODE": "idle"}, copy=["input", "init_data.xml"])
    spec = ready(path).spec(VM, Wishes())
    disc = path / ".t4t" / "vm_context.iso"
    assert spec.config_iso == str(disc)
    assert (on_iso(disc, "user-data"), on_iso(disc, "input")) == (b"T4T_MODE=idle\n", b"job\n")
    assert b"secret" not in disc.read_bytes()
    assert list((path / "shared").iterdir()) == [], "the ISO image carries it all"
    before = disc.read_bytes(), disc.stat().st_mtime_ns
    ready(path)
    assert (disc.read_bytes(), disc.stat().st_mtime_ns) == before, "nothing changed, nothing is written"


def test_by_the_floppy(tmp_path: Path) -> None:
    spec = ready(made(tmp_path / "t", way=ContextWay.FLOPPY, values={"T4T_MODE": "idle"})).spec(VM, Wishes())
    assert spec.floppy is not None
    image = (tmp_path / "t" / ".t4t" / "vm_floppy.img").read_bytes()
    assert image.startswith(b"T4T_MODE=idle\n\0")
    assert image[floppy.READY_FOR_GUEST] == 1


def test_in_no_way_and_from_an_iso(tmp_path: Path) -> None:
    path = made(tmp_path / "t", way=ContextWay.NONE, kind=ImageFormat.ISO, image=iso(), machine="cache_disk_mib = 9")
    spec = ready(path).spec(VM, Wishes(memory_mib=300))
    assert (spec.boot, spec.cache_disk_mib, spec.memory_mib) == (BootIso(str(path / "disk.iso")), 9, 300)


def test_an_ova_says_how_much_memory_it_wants(tmp_path: Path) -> None:
    make_ova(tmp_path / "a.ova", disk=stream_vmdk({0: boot_sector()[:65536]}), capacity=1 << 20)
    path = made(tmp_path / "t", kind=ImageFormat.OVA, image=(tmp_path / "a.ova").read_bytes(), machine="")
    folder = ready(path)
    assert folder.job.memory_size_mb == folder.spec(VM, Wishes()).memory_mib == 384


def test_the_unpacked_image_stays_as_long_as_a_machine_needs_it(tmp_path: Path) -> None:
    path = made(tmp_path / "t", kind=ImageFormat.VDI_GZ, image=gzip.compress(boot_sector(), mtime=0))
    with pytest.raises(ImageDamaged):
        opened(path).unpack()
    folder = opened(_packed(tmp_path / "u"))
    folder.unpack()
    made_image = folder.own / "image.vdi"
    records = RecordFile(folder.path)
    record = records.load(tmp_path)
    record.hypervisor = "qemu"
    records.save(record)
    folder.tidy()
    assert made_image.exists(), "a machine was made on it"
    record.outcome = "done"
    records.save(record)
    folder.tidy()
    assert not made_image.exists()
    folder.unpack()
    assert not made_image.exists(), "a task that has ended needs no image"
    records.remove()
    folder.unpack()
    folder.tidy()
    assert not made_image.exists(), "no machine was made"


def _packed(path: Path) -> Path:
    from support.disk_images import vdi  # noqa: PLC0415 - its only use

    return made(path, kind=ImageFormat.VDI_GZ, image=gzip.compress(vdi(), mtime=0))


def test_before_unpacking_there_is_no_machine(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        opened(made(tmp_path / "t")).spec(VM, Wishes())


def test_our_own_appliance_lies_in_its_own_folder_and_is_verified(tmp_path: Path) -> None:
    home = tmp_path / "appliance"
    home.mkdir()
    disk = boot_sector()
    (home / "disk.raw").write_bytes(disk)
    facts = {"sha256": hashlib.sha256(disk).hexdigest(), "size": len(disk)}
    manifest = {"version": "1", "architecture": "x86_64", "kernel": "6", "pythia": "8", "files": {"disk.raw": facts}}
    (home / appliance.MANIFEST).write_text(json.dumps(manifest))
    path = made(tmp_path / "t", replace=('kind = "user"', 'kind = "release"'))
    assert ready(path).spec(VM, Wishes()).boot.path == str(path / "disk.raw"), "a copy in the folder comes first"
    (path / "disk.raw").unlink()
    assert ready(path).spec(VM, Wishes()).boot.path == str(home / "disk.raw")
    (home / "disk.raw").write_bytes(disk[:-1] + b"x")
    with pytest.raises(ChecksumMismatch):
        ready(path)
    (home / "disk.raw").write_bytes(disk[:-1])
    with pytest.raises(ApplianceDamaged):
        opened(path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"source": "size_bytes = 7"}, ImageDamaged),
        ({"machine": 'architecture = "arm64"'}, ImageWrongArchitecture),
        ({"copy": ["missing"]}, TaskFileMissing),
        ({"replace": ('file = "disk.raw"', 'file = "other.raw"')}, TaskFileMissing),
        ({"replace": ("name =", "nome =")}, DescriptorInvalid),
        ({"way": ContextWay.FLOPPY, "values": {f"K{number}": "x" * 1000 for number in range(15)}}, DescriptorInvalid),
        ({"way": ContextWay.CIDATA, "values": {f"K{number}": "x" * 1000 for number in range(17)}}, DescriptorInvalid),
    ],
    ids=str,
)
def test_what_is_refused_before_anything_is_made(tmp_path: Path, changes: dict[str, Any], expected: type[Exception]) -> None:
    path = made(tmp_path / "t", **changes)
    before = sorted(path.iterdir())
    with pytest.raises(expected):
        open_task_folder(path, appliance_folder=tmp_path)
    assert sorted(path.iterdir()) == before


def test_a_wrong_sum(tmp_path: Path) -> None:
    folder = opened(made(tmp_path / "t", source=f'sha256 = "{"0" * 64}"'))
    with pytest.raises(ChecksumMismatch):
        folder.unpack()


def test_a_file_that_is_there_twice_on_the_iso(tmp_path: Path) -> None:
    path = made(tmp_path / "t", way=ContextWay.CIDATA, copy=["User-Data"])
    (path / "User-Data").write_text("x")
    with pytest.raises(DescriptorInvalid) as error:
        ready(path)
    assert error.value.key == "context.copy"


def test_a_soft_link_out_of_the_folder(tmp_path: Path) -> None:
    path = made(tmp_path / "t", copy=["input"])
    (path / "input").write_text("<soft_link>/etc/passwd</soft_link>\n")
    with pytest.raises(TaskLinkRefused):
        open_task_folder(path, appliance_folder=tmp_path)
