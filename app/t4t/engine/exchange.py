"""The host side of the shared folder while a task runs: completion, temporary exit, heartbeat, progress, trickles, uploads."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Final

from t4t.domain.completion import MAX_READ, Completion, TemporaryExit, parse_completion, parse_fraction_done, parse_temporary_exit
from t4t.domain.heartbeat import Fingerprint
from t4t.domain.progress import IntermediateUpload, Trickle
from t4t.guest import floppy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.domain.vbox_job import VboxJob
    from t4t.engine.folder import TaskFolder
    from t4t.engine.record import TaskRecord

_TRICKLE_LIMIT: Final = 64 * 1024
TRICKLE_DOWN: Final = "trickle_down_"
"""How the files begin in which a project says something to a task that runs, as BOINC's client writes them."""
_PROGRESS_LIMIT: Final = 64 * 1024


class Exchange:
    """Reads what the guest wrote; never trusts it with more than bounded reads of regular files."""

    def __init__(self, folder: TaskFolder) -> None:
        """Works on the shared folder of ``folder``; a job without one only has its floppy."""
        self._folder = folder
        self._floppy_text = ""
        self._completion_seen: bytes | None = None
        self.unsure = False
        """A completion file was seen that may still be written: another look is due."""

    @property
    def _job(self) -> VboxJob:
        return self._folder.job

    def _read(self, name: str, limit: int) -> bytes | None:
        """The beginning of a file in the shared folder; None if it is not there (or is no regular file)."""
        shared = self._folder.shared
        if shared is None or not name:
            return None
        path = shared / name
        if path.is_symlink() or not path.is_file():
            return None
        with contextlib.suppress(OSError), path.open("rb") as file:
            return file.read(limit)
        return None

    def completion(self, *, final: bool) -> Completion | None:
        """The guest's completion file, or its text on the floppy.

        A guest that does not rename may still be writing: unless the VM is off (``final``) the file counts once two looks found the same.
        """
        data = self._read(self._job.completion_trigger_file, MAX_READ)
        self.unsure = data is not None and not final and data != self._completion_seen
        if self.unsure:
            self._completion_seen = data
            return None
        if data is None and self._folder.floppy is not None:
            status, text = floppy.read_message(self._folder.floppy)
            if status is floppy.FloppyStatus.OK:
                self._floppy_text = text
            data = self._floppy_text.encode() or None
        return None if data is None else parse_completion(data)

    def concerns(self, name: str) -> bool:
        """Whether a change of the file ``name`` wants a look now; heartbeat and progress are read when their time comes."""
        job = self._job
        return name in {job.completion_trigger_file, job.temporary_exit_trigger_file, *job.trickle_trigger_file, *job.intermediate_upload_file}

    def rest(self) -> TemporaryExit | None:
        """The temporary exit trigger."""
        data = self._read(self._job.temporary_exit_trigger_file, MAX_READ)
        return None if data is None else parse_temporary_exit(data)

    def clear_rest(self) -> None:
        """Remove the trigger once it was obeyed, or it would be obeyed for ever."""
        if self._folder.shared is not None and self._job.temporary_exit_trigger_file:
            with contextlib.suppress(OSError):
                (self._folder.shared / self._job.temporary_exit_trigger_file).unlink()

    def heartbeat(self) -> Fingerprint | None:
        """The heartbeat file's fingerprint."""
        shared = self._folder.shared
        if shared is None or not self._job.heartbeat_filename:
            return None
        try:
            facts = (shared / self._job.heartbeat_filename).lstat()
        except OSError:
            return None
        return Fingerprint(mtime_ns=facts.st_mtime_ns, size=facts.st_size)

    def fraction(self) -> float | None:
        """The guest's own progress, 0–1."""
        data = self._read(self._job.fraction_done_filename, _PROGRESS_LIMIT)
        return None if data is None else parse_fraction_done(data)

    def news(self, record: TaskRecord) -> Iterator[Trickle | IntermediateUpload]:
        """Trickles and uploads whose content is new since the last time; what was told is noted in ``record``."""
        for name in self._job.trickle_trigger_file:
            data = self._read(name, _TRICKLE_LIMIT)
            if data is not None and self._is_new(record, name, data):
                yield Trickle(name=name, data=data)
        shared = self._folder.shared
        for name in self._job.intermediate_upload_file:
            facts = self._stat(name)
            if shared is not None and facts is not None and self._is_new(record, name, facts):
                yield IntermediateUpload(path=str(shared / name))

    def _stat(self, name: str) -> bytes | None:
        shared = self._folder.shared
        if shared is None or not (shared / name).is_file() or (shared / name).is_symlink():
            return None
        facts = (shared / name).stat()
        return f"{facts.st_size} {facts.st_mtime_ns}".encode()

    @staticmethod
    def _is_new(record: TaskRecord, name: str, data: bytes) -> bool:
        digest = hashlib.sha256(data).hexdigest()
        if record.trickles.get(name) == digest:
            return False
        record.trickles[name] = digest
        return True

    def outputs(self) -> list[str]:
        """Paths of what the guest left for us, in order: all but inputs and control files."""
        shared = self._folder.shared
        if shared is None or not shared.is_dir():
            return []
        job = self._job
        control = {job.completion_trigger_file, job.heartbeat_filename, job.temporary_exit_trigger_file, job.fraction_done_filename, "cmdline", "context"}
        control.update(job.copy_to_shared)
        found = (path for path in shared.rglob("*") if path.is_file() and not path.is_symlink())
        named = ((path.relative_to(shared).as_posix(), path) for path in found)
        return sorted(str(path) for name, path in named if name not in control and not name.startswith(TRICKLE_DOWN))
