"""A task folder around an appliance: ``appliance.toml``, the image that it names, and what the guest gets; run like a project's task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.appliance_descriptor import MAX_BYTES, ContextWay, SourceKind, parse_descriptor
from t4t.domain.appliance_machine import Choices, Media, job_of, machine_of
from t4t.domain.errors import DescriptorInvalid, ImageDamaged, ImageWrongArchitecture
from t4t.domain.init_data import redact_init_data
from t4t.engine.folder import INIT_DATA, JOB_FILE, TaskFolder
from t4t.engine.record import RecordFile
from t4t.guest import config_iso, context, floppy
from t4t.host import resources
from t4t.storage import appliance, prepared

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.vbox_job import VboxJob
    from t4t.domain.vm import VmId, VmSpec
    from t4t.engine.folder import Wishes
    from t4t.storage.prepared import Prepared

DESCRIPTOR_FILE: Final = "appliance.toml"
_GIB: Final = 1 << 30
_ISO_NAME: Final = "vm_context.iso"


def open_task_folder(path: Path, *, appliance_folder: Path) -> TaskFolder:
    """The task in ``path``: a project's (``vbox_job.xml``), else one around an appliance. Raises as `TaskFolder`."""
    try:
        around_appliance = not (path / JOB_FILE).exists() and (path / DESCRIPTOR_FILE).exists()
    except OSError:  # a name that no file can have: `TaskFolder` says so
        around_appliance = False
    return ApplianceFolder(path, appliance_folder=appliance_folder) if around_appliance else TaskFolder(path)


class ApplianceFolder(TaskFolder):
    """A checked folder with an ``appliance.toml``; its image is ready once `unpack` was called."""

    def __init__(self, path: Path, *, appliance_folder: Path) -> None:
        """``appliance_folder`` is where the reference appliance lies. Raises as `TaskFolder`, `DescriptorInvalid` besides."""
        self._appliance_folder = appliance_folder
        self._prepared: Prepared | None = None
        super().__init__(path)

    def _read_job(self) -> VboxJob:
        with self._file(DESCRIPTOR_FILE).open("rb") as file:
            self.descriptor = parse_descriptor(file.read(MAX_BYTES + 1), path=str(self.path / DESCRIPTOR_FILE))
        self.name = self.descriptor.name
        self.hypervisors = self.descriptor.hypervisors
        self._text = context.user_data(self.descriptor.context, path=str(self.path / DESCRIPTOR_FILE))
        return job_of(self.descriptor)

    def _check_architecture(self) -> None:
        wanted, ours = self.descriptor.machine.architecture, resources.architecture()
        if wanted != ours:
            raise ImageWrongArchitecture(image=wanted, computer=ours)

    def _check_boot(self) -> None:
        source = self.descriptor.source
        if source.kind is SourceKind.RELEASE and not (self.path / source.file).exists():
            self._image = appliance.load(self._appliance_folder).file(source.file)
        else:
            self._image = self._file(source.file)
        if source.size_bytes not in {None, self._image.stat().st_size}:
            raise ImageDamaged(path=str(self._image), reason=f"it has not {source.size_bytes} bytes")

    def _check_inputs(self) -> None:
        for name in self.descriptor.context.copy:
            self._file(name)
        if self.descriptor.context.way is ContextWay.FLOPPY and len(self._text.encode()) > floppy.MAX_TEXT_BYTES:
            raise DescriptorInvalid(path=str(self.path / DESCRIPTOR_FILE), key="context", reason=f"a floppy holds {floppy.MAX_TEXT_BYTES} bytes")

    def unpack(self) -> None:
        """Make the image ready, unless the task has ended: verified, unpacked and converted where it must be.

        Takes as long as reading and writing the image takes. Raises `ImageDamaged`, `ChecksumMismatch`, `NotEnoughDisk`, `FolderUnwritable`.
        """
        if RecordFile(self.path).load(self.path).outcome:
            return
        source, image = self.descriptor.source, self.descriptor.image
        expected = source.sha256
        if expected is None and self._image.parent == self._appliance_folder:
            expected = appliance.load(self._appliance_folder).manifest.files[source.file].sha256
        limit = image.max_size_gib * _GIB
        self._prepared = prepared.prepare_image(self._image, kind=image.format, folder=self.own, limit=limit, sha256=expected)
        self.job = job_of(self.descriptor, found_mib=self._prepared.memory_mib)

    def tidy(self) -> None:
        """Remove the unpacked image when no machine needs it any more."""
        record = RecordFile(self.path).load(self.path)
        if record.outcome or not record.hypervisor:
            prepared.forget(self.own)

    def spec(self, vm_id: VmId, wishes: Wishes) -> VmSpec:
        """The descriptor's values within the volunteer's wishes."""
        if self._prepared is None:
            raise RuntimeError("the image is not unpacked")
        way = self.descriptor.context.way
        return machine_of(
            self.descriptor,
            vm_id=vm_id,
            media=Media(
                boot=self._prepared.boot,
                shares=tuple(self._shares()),
                config_iso=str(self.own / _ISO_NAME) if way.iso else None,
                floppy=str(self.floppy) if self.floppy else None,
            ),
            choices=Choices(cores=wishes.cores, cap_percent=wishes.cap_percent, memory_mib=wishes.memory_mib, bandwidth_kib_s=wishes.bandwidth_kib_s),
            found_mib=self._prepared.memory_mib,
        )

    def _prepare(self, cmdline: str) -> None:
        super()._prepare(cmdline)
        given = self.descriptor.context
        if given.way is ContextWay.SHARED_FOLDER and self.shared is not None and self._text:
            self._put(self.shared / ("context" if self._text == context.key_lines(given.values) else "user-data"), self._text.encode())
        if given.way.iso:
            self._put(self.own / _ISO_NAME, self._context_iso())

    def _context_iso(self) -> bytes:
        files = {name: self._guest_file(name) for name in self.descriptor.context.copy}
        try:
            return config_iso.build_config_iso(context.seed(self.descriptor.context.way, text=self._text, instance=self.key, files=files))
        except ValueError as error:
            raise DescriptorInvalid(path=str(self.path / DESCRIPTOR_FILE), key="context.copy", reason=str(error)) from error

    def _guest_file(self, name: str) -> bytes:
        data = self._file(name).read_bytes()
        return redact_init_data(data) if name == INIT_DATA else data

    def _write_floppy(self, path: Path) -> None:
        floppy.create_floppy(path, text=self._text)
