"""Whatever is wrong with a task folder, the computer or the command line: one clear sentence, the right exit status, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import Ended, can_mount, contents, end, environment, mounting, processes_of, t4t
from support.disk_images import iso, partitioned, vdi
from support.task_folders import boot_sector, job_xml, make_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)

TRAVERSALS = ("../../etc/passwd", "/etc/passwd", "a/../../b", "..", "C:\\Windows\\win.ini", "CON")
FILE_ELEMENTS = (
    "multiattach_vdi_file",
    "copy_to_shared",
    "completion_trigger_file",
    "heartbeat_filename",
    "fraction_done_filename",
    "temporary_exit_trigger_file",
    "trickle_trigger_file",
    "intermediate_upload_file",
)
BOMB = '<!DOCTYPE v [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]><vbox_job><os_name>&c;</os_name></vbox_job>'
EXTERNAL = '<!DOCTYPE v [<!ENTITY e SYSTEM "file:///etc/passwd">]><vbox_job><os_name>&e;</os_name></vbox_job>'


class Bench:
    """A BOINC data folder with one task, something of somebody else's beside it, and a data folder of ours."""

    def __init__(self, folder: Path) -> None:
        self.boinc = folder / "boinc"
        self.task = make_task(self.boinc / "slots" / "0")
        self.other = folder / "other"
        self.other.mkdir()
        (self.other / "letter.txt").write_text("not ours\n")
        self.data = folder / "data"

    def job(self, **changes: str | None) -> None:
        (self.task / "vbox_job.xml").write_text(job_xml(**changes))

    def run(self, *more: str, **options: Any) -> Ended:
        return t4t("task", "run", str(self.task), *more, data=self.data, **options)

    def refused(self, status: int, code: str, *more: str, says: str = "", **options: Any) -> Ended:
        """The run ends with this notice, and leaves every file as it was and no machine and no process."""
        before = contents(self.boinc, self.other)
        ended = self.run(*more, **options)
        assert (ended.status, ended.out) == (status, ""), ended.err
        assert ended.is_notice(code), ended.err
        assert says in ended.err
        assert contents(self.boinc, self.other) == before
        self.nothing_is_left()
        return ended

    def nothing_is_left(self) -> None:
        assert processes_of(self.data) == []
        assert [path for path in self.data.rglob("*") if path.suffix in {".qcow2", ".vdi", ".raw"}] == []
        assert [path for vms in self.data.rglob("vms") for path in vms.iterdir()] == []


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    end(processes_of(tmp_path))


# --- the folder and its description ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere", "vbox_job.xml", "x" * 300], ids=["missing", "a file", "too long"])
def test_no_folder(bench: Bench, name: str) -> None:
    before = contents(bench.boinc)
    ended = t4t("task", "run", str(bench.task / name), data=bench.data)
    assert ended.status == 2
    assert ended.is_notice("T4T-USE-01")
    assert contents(bench.boinc) == before


def test_no_description(bench: Bench) -> None:
    (bench.task / "vbox_job.xml").unlink()
    bench.refused(6, "T4T-TASK-01", says="vbox_job.xml")


@pytest.mark.parametrize(
    "text",
    ["", "hello", "<vbox_job>", "<vbox_job></vbox>", "<app_init_data/>", "<vbox_job>&nbsp;</vbox_job>", BOMB, EXTERNAL, "<vbox_job>" + "x" * 2_000_000],
    ids=["empty", "no xml", "open", "crossed", "another document", "entity", "entity bomb", "external entity", "huge"],
)
def test_a_malformed_description(bench: Bench, text: str) -> None:
    (bench.task / "vbox_job.xml").write_text(text)
    bench.refused(6, "T4T-TASK-02", says="vbox_job.xml")


def test_a_description_of_binary_garbage(bench: Bench) -> None:
    (bench.task / "vbox_job.xml").write_bytes(bytes(range(256)) * 8)
    bench.refused(6, "T4T-TASK-02")


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("memory_size_mb", "99999999999999999999"),
        ("memory_size_mb", "-512"),
        ("memory_size_mb", "a lot"),
        ("memory_size_mb", "nan"),
        ("job_duration", "1e308"),
        ("job_duration", "-1"),
        ("pf_guest_port", "65536"),
        ("pf_guest_port", "-80"),
        ("minimum_heartbeat_interval", "0"),
        ("vram_size_mb", "9" * 500),
        ("enable_network", "yes"),
        ("os_name", "--help"),
    ],
)
def test_refused_values(bench: Bench, element: str, value: str) -> None:
    bench.job(**{element: value})
    bench.refused(6, "T4T-TASK-03", says=element)


@pytest.mark.parametrize(("element", "name"), [(element, TRAVERSALS[number % len(TRAVERSALS)]) for number, element in enumerate(FILE_ELEMENTS)])
def test_a_name_that_leaves_its_folder(bench: Bench, element: str, name: str) -> None:
    bench.job(**{element: name})
    bench.refused(6, "T4T-TASK-03", says=element)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"share_slot_dir": "1"}, "T4T-TASK-04"),
        ({"share_slot_dir": "1", "enable_shared_directory": None}, "T4T-TASK-04"),
        ({"enable_shared_directory": None}, "T4T-TASK-04"),
        ({"share_project_dir": "1", "enable_scratch_directory": "1"}, "T4T-TASK-04"),
        ({"share_slot_dir": "1", "enable_shared_directory": None, "copy_to_shared": None}, "T4T-TASK-03"),
        ({"share_project_dir": "1"}, "T4T-TASK-03"),
    ],
)
def test_forbidden_combinations(bench: Bench, changes: dict[str, str | None], code: str) -> None:
    bench.job(**changes)
    bench.refused(6, code)


@pytest.mark.skipif(sys.platform != "linux", reason="another system's image is another case")
def test_an_image_for_other_processors(bench: Bench) -> None:
    bench.job(os_name="Debian12_arm64")
    bench.refused(6, "T4T-TASK-07", says="arm64")


# --- the image and the inputs ----------------------------------------------------------------------------------------


def test_no_image(bench: Bench) -> None:
    (bench.task / "vm_image.raw").unlink()
    bench.refused(6, "T4T-TASK-01", says="vm_image.vdi")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("vm_image.raw", b""),
        ("vm_image.raw", boot_sector()[:100]),
        ("vm_image.raw", partitioned()[:-512]),
        ("vm_image.raw", b"QFI\xfb\0\0"),
        ("vm_image.vdi", vdi()[:-512]),
        ("vm_image.vdi", vdi()[:300]),
        ("vm_image.vdi", vdi(bootable=False)),
        ("vm_image.vmdk", b"KDMV"),
        ("vm_image.vmdk", b'# Disk DescriptorFile\nRW 1 FLAT "/etc/passwd" 0\n'),
        ("vm_image.iso", b""),
        ("vm_image.iso", iso()[:-2048]),
        ("vm_image.iso", iso(bootable=False)),
    ],
    ids=["empty", "raw head", "raw", "qcow2 head", "vdi", "vdi head", "vdi without boot sector", "vmdk head", "vmdk of others", "no iso", "iso", "iso no boot"],
)
def test_a_damaged_image(bench: Bench, name: str, data: bytes) -> None:
    (bench.task / "vm_image.raw").unlink()
    (bench.task / name).write_bytes(data)
    if name.endswith("iso"):
        bench.job(boot_iso="1")
    bench.refused(6, "T4T-TASK-05", says=name)


def test_an_image_of_garbage(bench: Bench) -> None:
    (bench.task / "vm_image.raw").write_bytes(os.urandom(510) + b"no" + os.urandom(100_000))
    bench.refused(6, "T4T-TASK-05", says="vm_image.raw")


def test_a_wrong_checksum(bench: Bench) -> None:
    (bench.task / "SHA256SUMS").write_text(f"{'0' * 64}  vm_image.raw\n")
    bench.refused(6, "T4T-TASK-06", says="vm_image.raw")


def test_a_checksum_of_a_missing_file(bench: Bench) -> None:
    (bench.task / "SHA256SUMS").write_text(f"{'0' * 64}  ./gone\n")
    bench.refused(6, "T4T-TASK-01", says="gone")


def test_a_missing_input(bench: Bench) -> None:
    (bench.task / "input").unlink()
    bench.refused(6, "T4T-TASK-01", says="input")


def _soft_link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.write_text(f"<soft_link>{target}</soft_link>\n")


def _symbolic_link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("link", [_soft_link, _symbolic_link])
@pytest.mark.parametrize("name", ["input", "vm_image.raw", "vbox_job.xml"])
def test_a_link_that_leads_out(bench: Bench, link: Callable[[Path, Path], None], name: str) -> None:
    link(bench.task / name, bench.other / "letter.txt")
    bench.refused(6, "T4T-TASK-13", says="letter.txt")


def test_a_soft_link_out_of_a_folder_that_is_not_boincs(bench: Bench, tmp_path: Path) -> None:
    task = make_task(tmp_path / "mine")
    _soft_link(task / "input", bench.other / "letter.txt")
    ended = t4t("task", "run", str(task), data=bench.data)
    assert ended.status == 6
    assert ended.is_notice("T4T-TASK-13")


def test_a_soft_link_to_nothing(bench: Bench) -> None:
    _soft_link(bench.task / "input", bench.boinc / "projects" / "gone")
    bench.refused(6, "T4T-TASK-01", says="gone")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that is there and can't be read, even by root")
def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    task = make_task(tmp_path / "mine")
    (task / "SHA256SUMS").symlink_to("/proc/self/mem")
    ended = t4t("task", "run", str(task), data=tmp_path / "data")
    assert ended.status == 6
    assert ended.is_notice("T4T-TASK-14")


# --- this computer ---------------------------------------------------------------------------------------------------


def test_no_memory(bench: Bench) -> None:
    bench.job(memory_size_mb="1000000")
    bench.refused(3, "T4T-MEM-01", says="1000000 MiB")


@pytest.mark.skipif(not can_mount(), reason="needs mounts of its own (unshare -Urm)")
def test_no_disk_space(bench: Bench) -> None:
    bench.data.mkdir()
    small = mounting(f"mount -t tmpfs -o size=8m none {bench.data}")
    bench.refused(3, "T4T-DISK-01", says=str(bench.data), before=small)


@pytest.mark.skipif(not can_mount(), reason="needs mounts of its own (unshare -Urm)")
def test_a_disk_that_is_full_to_the_last_byte(bench: Bench) -> None:
    bench.data.mkdir()
    full = mounting(f"mount -t tmpfs -o size=64k none {bench.data}; head -c 64k /dev/zero > {bench.data}/full || true")
    bench.refused(3, "T4T-DISK-01", before=full)


@pytest.mark.skipif(not can_mount(), reason="needs mounts of its own (unshare -Urm)")
def test_a_task_folder_that_cannot_be_written(bench: Bench) -> None:
    read_only = mounting(f"mount --bind {bench.task} {bench.task}; mount -o remount,bind,ro {bench.task}")
    bench.refused(3, "T4T-DISK-02", says=str(bench.task), before=read_only)


def test_a_data_folder_that_cannot_be_made(bench: Bench) -> None:
    bench.data.write_text("a file")
    bench.refused(3, "T4T-DISK-02", says=str(bench.data))
    assert bench.data.read_text() == "a file"


@pytest.mark.skipif(not can_mount(), reason="needs mounts of its own (unshare -Urm)")
def test_a_data_folder_that_cannot_be_written(bench: Bench) -> None:
    bench.data.mkdir()
    read_only = mounting(f"mount --bind {bench.data} {bench.data}; mount -o remount,bind,ro {bench.data}")
    bench.refused(3, "T4T-DISK-02", says=str(bench.data), before=read_only)


def test_two_runs_on_one_folder(bench: Bench) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "t4t", "--data-dir", str(bench.data), "task", "run", str(bench.task), "--hypervisor", "fake"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert first.stderr is not None
        assert next(line for line in first.stderr if "started" in line)
        second = bench.run()
        assert second.status == 3
        assert second.is_notice("T4T-RUN-01")
        assert str(first.pid) in second.err
        assert first.poll() is None
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 130
    finally:
        first.kill()
        first.communicate()


# --- the hypervisor --------------------------------------------------------------------------------------------------


def test_no_hypervisor(bench: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    bench.refused(5, "T4T-HV-01", env={"PATH": str(empty)})


def test_a_hypervisor_that_is_broken(bench: Bench, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("qemu-system-x86_64", "qemu-img"):
        (programs / name).write_text("#!/bin/sh\necho nonsense\n")
        (programs / name).chmod(0o755)
    bench.refused(5, "T4T-HV-02", env={"PATH": str(programs)}, says="nonsense")


@pytest.mark.qemu
@pytest.mark.parametrize("element", ["network_bridged_mode", "enable_scratch_directory"])
def test_what_qemu_cannot_do(bench: Bench, element: str) -> None:
    bench.job(**{element: "1"})
    bench.refused(5, "T4T-HV-03", "--hypervisor", "qemu")


# --- the command line and the demo -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [("fly",), ("task",), ("task", "run"), ("task", "run", ".", "--cores", "0"), ("task", "run", ".", "--cap", "101"), ("demo", "--memory", "much")],
    ids=" ".join,
)
def test_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = t4t(*words, data=tmp_path / "data")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: t4t")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("runspec", ["", "boinc", "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 many 1"])
def test_a_bad_runspec(tmp_path: Path, runspec: str) -> None:
    ended = t4t("demo", "--once", "--runspec", runspec, data=tmp_path / "data", env={"T4T_APPLIANCE": str(tmp_path)})
    assert ended.status == 2
    assert ended.is_notice("T4T-USE-02")
    assert not (tmp_path / "data" / "demo").exists()


@pytest.mark.parametrize("words", [("demo", "--once"), ("appliance", "path"), ("appliance", "info")], ids=" ".join)
def test_no_appliance(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = t4t(*words, data=tmp_path / "data", env={"T4T_APPLIANCE": str(tmp_path / "nowhere")})
    assert ended.status == 3
    assert ended.is_notice("T4T-APP-01")
    assert not (tmp_path / "data" / "demo").exists()


@pytest.mark.parametrize("damage", ["manifest", "size", "content"])
def test_a_damaged_appliance(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "appliance"
    folder.mkdir()
    image = boot_sector()
    facts = {"t4t-appliance.raw": {"sha256": "0" * 64, "size": len(image) + (damage == "size")}}
    manifest = json.dumps({"version": "1", "architecture": "x86_64", "kernel": "6", "pythia": "8.317", "files": facts})
    (folder / "t4t-appliance.raw").write_bytes(image)
    (folder / "manifest.json").write_text(manifest[:20] if damage == "manifest" else manifest)
    ended = t4t("demo", "--once", data=tmp_path / "data", env={"T4T_APPLIANCE": str(folder)})
    assert ended.status == 3
    assert ended.is_notice("T4T-APP-02")
    assert not (tmp_path / "data" / "demo").exists()


def test_a_demo_that_cannot_write(tmp_path: Path, appliance_dir: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo").write_text("a file")
    ended = t4t("demo", "--once", data=tmp_path / "data", env={"T4T_APPLIANCE": str(appliance_dir)})
    assert ended.status == 3
    assert ended.is_notice("T4T-DISK-02")
