"""Where tasks come from. Today: a spool of task folders in the data folder; a project's server is another source."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.errors import FolderUnwritable
from t4t.domain.progress import Outcome
from t4t.durable import sync_folder
from t4t.engine.folder import JOB_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TASKS: Final = "tasks"
DONE: Final = "done"
FAILED: Final = "failed"


class TaskSource(Protocol):
    """Hands out task folders and takes them back."""

    @property
    def place(self) -> Path:
        """A folder that changes when there is something new."""
        ...

    def folders(self) -> Sequence[Path]:
        """The task folders to work on, in their order; raises `FolderUnwritable` if that can't be known now."""
        ...

    def ended(self) -> Sequence[Path]:
        """The folders of tasks that were taken back and are still there: what is left to count from when our own counting was lost."""
        ...

    def retire(self, folder: Path, outcome: Outcome) -> None:
        """Take back a task that has ended; it is not handed out again. To do it twice is no error. Raises `FolderUnwritable`."""
        ...


class Spool:
    """Folders in ``tasks/`` that hold a job description; those that have ended move to ``done/`` or ``failed/``.

    A folder is put there by one rename; names that begin with a dot are still being filled.
    """

    def __init__(self, data_dir: Path) -> None:
        """Nothing is made before it is needed."""
        self.place = data_dir / TASKS
        self._data_dir = data_dir

    def make(self) -> None:
        """Make the folder; raises `FolderUnwritable`."""
        try:
            self.place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderUnwritable(path=str(self.place), reason=error.strerror or str(error)) from error

    def folders(self) -> Sequence[Path]:
        """See `TaskSource.folders`: by name."""
        try:
            found = sorted(self.place.iterdir())
        except OSError as error:
            raise FolderUnwritable(path=str(self.place), reason=error.strerror or str(error)) from error
        return [path for path in found if not path.name.startswith(".") and not path.is_symlink() and (path / JOB_FILE).is_file()]

    def ended(self) -> Sequence[Path]:
        """See `TaskSource.ended`."""
        return sorted(path for shelf in (DONE, FAILED) for path in (self._data_dir / shelf).glob("*") if path.is_dir())

    def retire(self, folder: Path, outcome: Outcome) -> None:
        """See `TaskSource.retire`."""
        shelf = self._data_dir / (DONE if outcome is Outcome.DONE else FAILED)
        try:
            shelf.mkdir(exist_ok=True)
            target = shelf / folder.name
            number = 1
            while target.exists():
                number += 1
                target = shelf / f"{folder.name}-{number}"
            with contextlib.suppress(FileNotFoundError):
                folder.rename(target)
            sync_folder(shelf)
            sync_folder(self.place)
        except OSError as error:
            raise FolderUnwritable(path=str(shelf), reason=error.strerror or str(error)) from error
