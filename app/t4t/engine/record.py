"""A task's durable record: what must survive the death of every process of ours."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import FolderUnwritable
from t4t.domain.progress import Outcome, TaskResult
from t4t.domain.vm import VmId
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = ".t4t"
"""Our own folder inside a task folder."""
_NAME: Final = "task.json"


class TaskRecord(msgspec.Struct, kw_only=True):
    """Counters over all starts; times are seconds of running time."""

    vm_id: str
    data_dir: str
    """The data folder whose VM this is: the same task can't be run from two."""
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    checkpoints: int = 0
    restarts: int = 0
    recoveries: int = 0
    farthest_s: float = 0.0
    """The most running time whose work the VM ever had."""
    expects_running: bool = False
    has_checkpoint: bool = False
    uncounted: bool = False
    """Since the last checkpoint the VM may have run while nobody counted: more is at risk than the times here say."""
    checkpoint_useful_s: float = 0.0
    """Running time that the checkpoint holds: what was lost before it does not count."""
    checkpoint_wall: float | None = None
    lost_s: float = 0.0
    """Running time whose work is gone: the VM went back to a checkpoint, or was booted anew."""
    save_s: float | None = None
    """How long saving took the last time."""
    trickles: dict[str, str] = {}
    """Last content sent of each trickle and upload file, as SHA-256."""
    outcome: str = ""
    """How it ended; written before the VM is removed, so that an end is never lost or found twice."""
    cleared: bool = False
    """Its VM is gone too: nothing is left to do."""
    exit_code: int = 0
    message: str = ""
    error: str = ""
    outputs: list[str] = []
    hypervisor: str = ""

    @property
    def useful_s(self) -> float:
        """Running time whose work the VM has now."""
        return self.elapsed_s - self.lost_s

    @property
    def at_risk_s(self) -> float:
        """Running time whose work would be gone with the VM, as far as it was counted."""
        return max(0.0, self.useful_s - (self.checkpoint_useful_s if self.has_checkpoint else 0.0))

    def lose(self, seconds: float) -> float:
        """Work of so much running time is gone; returns what really counts as lost."""
        lost = max(0.0, seconds)
        self.lost_s += lost
        self.uncounted = False  # where it goes on from is known
        return lost

    def result(self, outcome: Outcome) -> TaskResult:
        """The document on how it ended."""
        return TaskResult(
            outcome=outcome,
            exit_code=self.exit_code,
            elapsed_s=round(self.elapsed_s, 3),
            cpu_s=round(self.cpu_s, 3),
            hypervisor=self.hypervisor,
            checkpoints=self.checkpoints,
            restarts=self.restarts,
            outputs=tuple(self.outputs),
            message=self.message,
            error=self.error,
        )


def _new(data_dir: Path) -> TaskRecord:
    return TaskRecord(vm_id=VmId(str(uuid.uuid4())), data_dir=str(data_dir))


def _restored(copy: bytes | None) -> TaskRecord | None:
    if copy is not None:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            found = msgspec.json.decode(copy, type=TaskRecord)
            found.uncounted = True
            found.expects_running = False  # it may be older than our own last power-off, which would look like the guest's
            return found
    return None


class RecordFile:
    """The record on disk."""

    def __init__(self, task_folder: Path) -> None:
        """The file lies in our own folder inside ``task_folder``."""
        self._path = task_folder / FOLDER / _NAME

    def load(self, data_dir: Path, *, copy: bytes | None = None) -> TaskRecord:
        """The record as it was written last; a new one if there is none or it can't be read (it is set aside then).

        ``copy`` is an older record from elsewhere, for a file that is ruined: it still knows the VM. A file that is not there is a new task.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=TaskRecord)
        except FileNotFoundError:
            return _new(data_dir)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            found = _restored(copy) or _new(data_dir)
        with contextlib.suppress(OSError):
            shutil.copyfile(self._path, self._path.with_suffix(".unreadable"))
            write_atomic(self._path, msgspec.json.encode(found))  # never a moment without a record: that would be a new task
        return found

    def save(self, record: TaskRecord) -> None:
        """Write it durably; raises `FolderUnwritable`."""
        try:
            self._path.parent.mkdir(exist_ok=True)
            write_atomic(self._path, msgspec.json.encode(record))
        except OSError as error:
            raise FolderUnwritable(path=str(self._path.parent), reason=error.strerror or str(error)) from error

    def remove(self) -> None:
        """Forget the task: it has never run."""
        self._path.unlink(missing_ok=True)


def peek(task_folder: Path) -> TaskRecord | None:
    """A task folder's record, an empty one if it has none; None if it can't be read. Touches nothing."""
    try:
        return msgspec.json.decode((task_folder / FOLDER / _NAME).read_bytes(), type=TaskRecord)
    except FileNotFoundError:
        return TaskRecord(vm_id="", data_dir="")
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
