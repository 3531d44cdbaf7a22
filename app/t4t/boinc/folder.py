"""The folder of a project's task: its files stay with the project's, shared with other tasks, and are found by a list of ours."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import FolderUnwritable, TaskFileMissing, TaskFileUnreadable
from t4t.domain.file_names import checked_name
from t4t.durable import write_atomic
from t4t.engine.exchange import TRICKLE_DOWN
from t4t.engine.folder import INIT_DATA, SHARED, TaskFolder
from t4t.engine.record import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.init_data import InitData
    from t4t.domain.project import TrickleDown
    from t4t.domain.project_task import ProjectTask

SLOTS: Final = "slots"
PROJECTS: Final = "projects"
_GIVEN: Final = "given.json"


class _Given(msgspec.Struct, frozen=True):
    """Beside the task: which project's, which of its files under which names, and the command line."""

    project: str
    places: dict[str, str]
    command_line: str


def build(path: Path, task: ProjectTask, init_data: bytes) -> None:
    """Make the folder of ``task``, or make what is there whole; raises `FolderUnwritable`."""
    given = _Given(project=task.project, places=task.places(), command_line=task.command_line)
    try:
        (path / FOLDER).mkdir(parents=True, exist_ok=True)
        write_atomic(path / INIT_DATA, init_data)
        write_atomic(path / FOLDER / _GIVEN, msgspec.json.encode(given))
    except OSError as error:
        raise FolderUnwritable(path=str(path), reason=error.strerror or str(error)) from error


class ProjectFolder(TaskFolder):
    """A checked folder in ``slots/``. Names lead to the project's files by our list alone: no link that a project or a guest made is followed."""

    def __init__(self, path: Path) -> None:
        """Raises as `TaskFolder`, and `TaskFileUnreadable` where our list can't be read."""
        listed = path / FOLDER / _GIVEN
        try:
            self._given = msgspec.json.decode(listed.read_bytes(), type=_Given)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TaskFileUnreadable(path=str(listed), reason=getattr(error, "strerror", None) or "it is damaged") from error
        self._files = path.absolute().parent.parent / PROJECTS / checked_name(self._given.project)
        super().__init__(path)

    def _read_init_data(self) -> InitData:
        """The guest's copy names a folder that is nowhere; what is shared with it is the real one."""
        return dataclasses.replace(super()._read_init_data(), project_dir=str(self._files))

    def _has(self, name: str) -> bool:
        return name in self._given.places

    def _file(self, name: str) -> Path:
        if name in self._given.places:
            path = self._files / checked_name(self._given.places[name])
        elif name == INIT_DATA:
            path = self.path / INIT_DATA
        else:
            raise TaskFileMissing(path=str(self.path / name))
        if path.is_symlink() or not path.is_file():
            raise TaskFileMissing(path=str(path))
        return path

    def prepare(self, *, cmdline: str = "") -> None:
        """See `TaskFolder.prepare`; the command line is the job's."""
        super().prepare(cmdline=self._given.command_line or cmdline)


def open_folder(path: Path) -> TaskFolder:
    """The task in ``path``: a project's if it lies in ``slots/``."""
    return ProjectFolder(path) if path.parent.name == SLOTS else TaskFolder(path)


def output_of(path: Path, open_name: str) -> Path | None:
    """An output that the guest left in the task's folder ``path``, or None: only a regular file that no link leads to is sent away."""
    target = path
    for part in open_name.split("/"):
        target /= part
        if target.is_symlink():
            return None
    return target if target.is_file() else None


def put_word(path: Path, word: TrickleDown) -> str | None:
    """Put a word of the project's where the guest of the task in ``path`` finds it, under BOINC's name for it; that name, or None if they share no folder.

    What is there already stays: two words of the same second are two files. Raises `OSError`.
    """
    shared = path / SHARED
    if shared.is_symlink() or not shared.is_dir():
        return None
    data = word.text.encode()
    name, number = f"{TRICKLE_DOWN}{word.time}", 1
    while (place := shared / name).is_symlink() or place.exists():
        if not place.is_symlink() and place.is_file() and place.read_bytes() == data:
            return name  # it is the same: we died before that was written down
        number += 1
        name = f"{TRICKLE_DOWN}{word.time}_{number}"
    write_atomic(place, data)
    return name


def whole_name(name: str) -> str:
    """The file that an unfinished one in the project's folder is going to be; any other's own name."""
    return name.removeprefix(".").removesuffix(".json").removesuffix(".part").removesuffix(".gz") if name.startswith(".") else name
