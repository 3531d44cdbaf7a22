"""A BOINC VirtualBox task folder: read, checked, and turned into the specification of a VM. Refuses before anything is made."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import (
    ChecksumMismatch,
    FolderMissing,
    FolderUnwritable,
    ImageDamaged,
    ImageWrongArchitecture,
    JobElementRefused,
    TaskFileMissing,
    TaskFileUnreadable,
    TaskLinkRefused,
)
from t4t.domain.init_data import InitData, read_init_data, redact_init_data
from t4t.domain.record import record
from t4t.domain.vbox_job import VboxJob, parse_vbox_job
from t4t.domain.vm import BootDisk, BootIso, Share, VmId, VmSpec
from t4t.durable import write_atomic
from t4t.engine.record import FOLDER
from t4t.guest import floppy
from t4t.host import resources
from t4t.storage.files import sha256_of
from t4t.storage.images import check_disk_image, check_iso_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOB_FILE: Final = "vbox_job.xml"
SHARED: Final = "shared"
_JOB_LIMIT: Final = 1024 * 1024
INIT_DATA: Final = "init_data.xml"
_INIT_DATA_LIMIT: Final = 4 * 1024 * 1024
_DISKS: Final = ("vm_image.vdi", "vm_image.vmdk", "vm_image.qcow2", "vm_image.raw", "vm_image.img")
_ISO: Final = "vm_image.iso"
_CONTEXT_ISO: Final = "vm_isocontext.iso"
_FLOPPY: Final = "vm_floppy.img"
_CHECKSUMS: Final = "SHA256SUMS"
_CHECKSUM_LINE: Final = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?([A-Za-z0-9._-]{1,128})")
_SOFT_LINK: Final = re.compile(rb"\s*<soft_link>\s*([^<>\x00]{1,1024}?)\s*</soft_link>\s*")
_SOFT_LINK_LIMIT: Final = 2048
_CACHE_DISK_MIB: Final = 20_000
"""CernVM's own size for its scratch disk; it grows as it is used."""
_GROWTH_MIB: Final = 64


@record(kw_only=True)
class Wishes:
    """What the volunteer gives the task: cores and percent of each; memory in MiB (None: what the job says)."""

    cores: int = 1
    cap_percent: int = 100
    memory_mib: int | None = None
    bandwidth_kib_s: int | None = None
    cmdline: str = ""
    """The task's command line, for jobs that want it in the shared folder."""


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, a folder above that may not be entered
        return False


class TaskFolder:
    """A checked task folder. Everything raised here is raised before a VM or a file of ours exists."""

    name = "task"
    """What errors call it."""
    hypervisors: tuple[str, ...] = ()
    """Those that can run it; empty: all."""

    def __init__(self, path: Path) -> None:
        """Read and check ``path``; raises `FolderMissing` or a leaf of `TaskError`."""
        self.path = path.absolute()
        self._made: list[Path] = []
        if not _is_folder(self.path):
            raise FolderMissing(path=str(path))
        try:
            self._read()
        except OSError as error:
            raise TaskFileUnreadable(path=error.filename or str(self.path), reason=error.strerror or str(error)) from error

    def _read(self) -> None:
        self.job = self._read_job()
        self.init_data = self._read_init_data()
        self._check_elements()
        self._check_architecture()
        self._check_boot()
        self._check_inputs()
        self._check_sums()

    def _read_job(self) -> VboxJob:
        path = self._file(JOB_FILE)
        with path.open("rb") as file:
            data = file.read(_JOB_LIMIT + 1)
        return parse_vbox_job(data, path=str(self.path / JOB_FILE))

    def _read_init_data(self) -> InitData:
        path = self.path / INIT_DATA
        if not path.is_file():
            return InitData()
        with path.open("rb") as file:
            return read_init_data(file.read(_INIT_DATA_LIMIT))

    def _file(self, name: str) -> Path:
        """The file ``name``, through BOINC's soft links; raises `TaskFileMissing`."""
        path = self.path / name
        if not path.is_file():
            raise TaskFileMissing(path=str(path))
        home = self._boinc_folder()
        target = path.resolve()
        if path.stat().st_size <= _SOFT_LINK_LIMIT and (link := _SOFT_LINK.fullmatch(path.read_bytes())):
            target = (self.path / link[1].decode("utf-8", "replace")).resolve()
            home = home or self.path.resolve()
        # A link out of BOINC's folder could carry any file of the volunteer's into the guest. In a folder of the volunteer's own, only what a project can
        # send is a danger: the text of a soft link. A symbolic link there was made by a person on this computer.
        if home is not None and not target.is_relative_to(home):
            raise TaskLinkRefused(path=str(path), target=str(target))
        if not target.is_file():
            raise TaskFileMissing(path=str(target))
        return target

    def _has(self, name: str) -> bool:
        """Whether there is something under this name."""
        return (self.path / name).is_file()

    def _boinc_folder(self) -> Path | None:
        """BOINC's data folder, if this is one of its slots: links lead from ``slots/N`` to ``projects/URL``."""
        real = self.path.resolve()
        return real.parent.parent if real.parent.name == "slots" else None

    def _check_elements(self) -> None:
        """Refuse what would hand the account to the guest."""
        if self.job.share_slot_dir:
            raise JobElementRefused(element="share_slot_dir", value="1", reason="the guest would see the account's key in the task folder")
        if self.job.share_project_dir and not self.init_data.project_dir:
            raise JobElementRefused(element="share_project_dir", value="1", reason="init_data.xml does not name the project's folder")

    def _check_boot(self) -> None:
        self.boot = self._boot()

    def _boot(self) -> BootDisk | BootIso:
        if self.job.boot_iso:
            path = self._file(_ISO)
            check_iso_image(path)
            return BootIso(str(path))
        names = (self.job.multiattach_vdi_file,) if self.job.multiattach_vdi_file else _DISKS
        found = next((name for name in names if self._has(name)), names[0])
        path = self._file(found)
        return BootDisk(str(path), check_disk_image(path))

    def _check_architecture(self) -> None:
        ours = resources.architecture()
        wanted = "arm64" if self.job.os_name.lower().endswith(("arm64", "_arm")) else "x86_64"
        if wanted != ours:
            raise ImageWrongArchitecture(image=wanted, computer=ours)

    def _check_inputs(self) -> None:
        for name in self.job.copy_to_shared:
            self._file(name)
        if self.job.enable_isocontextualization:
            context = self._file(_CONTEXT_ISO)
            if not context.stat().st_size:
                raise ImageDamaged(path=str(context), reason="it is empty")

    def _check_sums(self) -> None:
        """``SHA256SUMS`` beside the files, if it is there, must be right."""
        path = self.path / _CHECKSUMS
        if not path.is_file():
            return
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            match = _CHECKSUM_LINE.fullmatch(line.strip())
            if match is None:
                continue
            target = self._file(match[2])
            actual = sha256_of(target)
            if actual != match[1].lower():
                raise ChecksumMismatch(path=str(target), expected=match[1].lower(), actual=actual)

    def unpack(self) -> None:
        """Make the image ready: a project's is."""

    def tidy(self) -> None:
        """Remove what `unpack` made when nothing needs it any more: nothing here."""

    @property
    def shared(self) -> Path | None:
        """The host side of the guest's ``/shared``, if the job has one."""
        return self.path / SHARED if self.job.enable_shared_directory else None

    @property
    def own(self) -> Path:
        """Our own folder inside the task folder."""
        return self.path / FOLDER

    @property
    def key(self) -> str:
        """A short name for the folder, the same for the same path."""
        return hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()[:12]

    @property
    def floppy(self) -> Path | None:
        """The floppy image, if the job has one."""
        return self.own / _FLOPPY if self.job.enable_floppyio else None

    def ignored(self) -> Iterator[str]:
        """Elements that are accepted and have no effect with us, for the log."""
        if self.job.enable_remotedesktop:
            yield "enable_remotedesktop"  # no remote desktop port is ever opened; screenshots take its place
        yield from self.job.unknown

    def needed_disk_mib(self, spec: VmSpec) -> int:
        """Free space that the run needs at least: a saved state beside a checkpoint, and some growth."""
        return 2 * spec.memory_mib + _GROWTH_MIB

    def spec(self, vm_id: VmId, wishes: Wishes) -> VmSpec:
        """The VM's specification: the job's elements within the volunteer's wishes."""
        job = self.job
        return VmSpec(
            vm_id=vm_id,
            name=f"t4t_{vm_id[:8]}",
            boot=self.boot,
            memory_mib=wishes.memory_mib or job.memory_size_mb,
            cores=wishes.cores,
            cap_percent=wishes.cap_percent,
            os_type=job.os_name or "Linux26_64",
            vram_mib=job.vram_size_mb,
            disk_controller=job.vm_disk_controller_type,
            disk_controller_model=job.vm_disk_controller_model,
            nic_type=job.vm_network_driver,
            network=job.enable_network,
            bridged=job.network_bridged_mode,
            nat_dns_host_resolver=job.enable_nat_dns_host_resolver,
            bandwidth_kib_s=wishes.bandwidth_kib_s,
            ports=job.forwards,
            shares=tuple(self._shares()),
            config_iso=str(self._file(_CONTEXT_ISO)) if job.enable_isocontextualization else None,
            cache_disk_mib=_CACHE_DISK_MIB if job.enable_cache_disk else None,
            floppy=str(self.floppy) if self.floppy else None,
        )

    def _shares(self) -> Iterator[Share]:
        if self.shared is not None:
            yield Share("shared", str(self.shared))
        if self.job.enable_scratch_directory:
            yield Share("scratch", str(self.path / "scratch"))
        if self.job.share_project_dir:
            yield Share("project", self.init_data.project_dir)

    def prepare(self, *, cmdline: str = "") -> None:
        """Write what the guest reads: the shared folder with its inputs refreshed, the floppy. Raises `FolderUnwritable`."""
        try:
            self._prepare(cmdline)
        except OSError as error:
            raise FolderUnwritable(path=str(self.path), reason=error.strerror or str(error)) from error

    def _prepare(self, cmdline: str) -> None:
        if self.job.enable_scratch_directory:
            self._make_folder(self.path / "scratch")
        if self.shared is not None:
            self._make_folder(self.shared)
            for name in self.job.copy_to_shared:
                data = self._file(name).read_bytes()
                # always anew: vboxwrapper's "only if absent" leaves a restarted task with stale preferences
                self._make_parents(self.shared / name)
                self._put(self.shared / name, redact_init_data(data) if name == INIT_DATA else data)
            if self.job.copy_cmdline_to_shared:
                self._put(self.shared / "cmdline", cmdline.encode())
        if self.floppy is not None and not self.floppy.exists():
            self._made.append(self.floppy)
            self._write_floppy(self.floppy)

    def _make_folder(self, path: Path) -> None:
        if not path.exists():
            path.mkdir()
            self._made.append(path)

    def _make_parents(self, path: Path) -> None:
        """The folders between the shared folder and ``path``; a link among them was made by the guest and is not followed."""
        for folder in reversed(path.relative_to(self.path).parents[:-2]):
            if (self.path / folder).is_symlink():
                raise NotADirectoryError(errno.ENOTDIR, "a link where a folder should be", str(self.path / folder))
            self._make_folder(self.path / folder)

    def _put(self, path: Path, data: bytes) -> None:
        if not path.exists():
            self._made.append(path)
        if not path.is_file() or path.read_bytes() != data:
            write_atomic(path, data)

    def _write_floppy(self, path: Path) -> None:
        if self.job.enable_cern_dataformat:
            text = floppy.boinc_lines(self.init_data)
        else:
            source = self.path / INIT_DATA
            text = redact_init_data(source.read_bytes()).decode("utf-8", "replace") if source.is_file() else ""
        floppy.create_floppy(path, text=text)

    def write_output(self, text: str) -> None:
        """Write BOINC's ``output`` file; raises `FolderUnwritable`."""
        try:
            write_atomic(self.path / "output", text.encode("ascii"))
        except OSError as error:
            raise FolderUnwritable(path=str(self.path), reason=error.strerror or str(error)) from error

    def undo_prepare(self) -> None:
        """Remove what `prepare` made, as long as nobody has put anything else there: for a run that never came to start a VM."""
        for path in reversed(self._made):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        self._made.clear()
