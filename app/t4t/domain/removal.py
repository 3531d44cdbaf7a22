"""What of this program's own can be removed from a computer, part by part: pure. Names of files that are not in the tables are nobody's of ours, and stay."""

from __future__ import annotations

import enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Collection


class Part(enum.Enum):
    """In the order in which they are shown and removed."""

    PROJECTS = "projects"
    """Accounts that are attached, with their keys."""
    MACHINES = "machines"
    WORK = "work"
    """Tasks that are not done, files of projects, what is known of the past."""
    RESULTS = "results"
    PICTURES = "pictures"
    SETTINGS = "settings"
    LOGS = "logs"
    START = "start"
    """The start with the session."""


KEEPABLE: Final = (Part.RESULTS, Part.PICTURES, Part.SETTINGS, Part.LOGS)
"""What somebody may want to have afterwards; it needs nothing of the rest."""

DEMO: Final = "demo"
"""A folder in the data folder that is ours with all that is in it, results among that."""
ROOTS: Final = (DEMO, "runs/*")
"""Folders in it with machines of their own."""
_NAMES: Final[dict[Part, tuple[str, ...]]] = {
    Part.PROJECTS: ("attached", "keys.json"),
    Part.MACHINES: ("vms", "vms-before-*", "t4t-vms-*", "moving.json", "runs", "test-boot", "appliance"),
    Part.WORK: (
        *("tasks", "slots", "projects", "statistics", "demo-project", "try-out", "physics.json", "energy.json", "intent.json", "test-boot.json", "updates"),
        *("state.sqlite3", "state.sqlite3-*", "setup.json", "resume.json"),
    ),
    Part.RESULTS: ("done", "failed", "results", "task-[0-9][0-9][0-9][0-9]*"),
    Part.PICTURES: ("gallery",),
    Part.SETTINGS: ("settings.toml", "settings.history.json"),
    Part.LOGS: ("logs",),
}
LAST: Final = ("id", "run", "agent.lock", "host.lock", "lock")
"""What holds the rest together goes when all else is gone."""
LITTER: Final = (".DS_Store", ".directory", "Thumbs.db", "desktop.ini")
"""What file managers leave wherever somebody looked."""
_SCRATCH: Final = ".*.part"
"""A file that was being written when its writer died."""


def part_of(name: str) -> Part | None:
    """The part to which what is called so in a data folder belongs; None: it is not ours, or is one of `LAST`."""
    if name.startswith(".") and fnmatchcase(name, _SCRATCH):
        return Part.WORK
    return next((part for part, names in _NAMES.items() if any(_matches(name, one) for one in names)), None)


def _matches(name: str, one: str) -> bool:
    """A file of ours that was damaged stands aside with a word more at its end."""
    return fnmatchcase(name, one) or ("." in one and fnmatchcase(name, f"{one}.*"))


@record
class Piece:
    """Something that is there: one thing in a data folder, or an entry elsewhere (which takes no space)."""

    part: Part
    place: str
    size: int = 0
    moved: str = ""
    """Where it lies in truth, if it was moved to another disk."""


@record
class Machine:
    """A virtual machine that a hypervisor has in its list."""

    name: str
    hypervisor: str


@record
class Removal:
    """What would be removed. Where somebody's own files (``strange``, by name) lie among them nothing is: a folder called “projects” may be anybody's there."""

    folder: str
    pieces: tuple[Piece, ...]
    strange: tuple[str, ...] = ()
    machines: tuple[Machine, ...] = ()
    projects: tuple[str, ...] = ()
    """Attached ones, by their names."""
    chosen: bool = False
    """Somebody chose this data folder: it is never removed itself."""

    def of(self, part: Part) -> tuple[Piece, ...]:
        """The pieces of one part."""
        return tuple(piece for piece in self.pieces if piece.part is part)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of which something is there."""
        return tuple(part for part in Part if self.of(part))

    def size(self, keep: Collection[Part] = ()) -> int:
        """Bytes that would be free then."""
        return sum(piece.size for piece in self.pieces if piece.part not in keep)


@record
class Stayed:
    """What could not be removed, and why."""

    place: str
    reason: str


@record
class Removed:
    """How it went: bytes that are free again, projects that could not be told (their tasks end when their time is over), and what is there still."""

    freed: int
    untold: tuple[str, ...] = ()
    stayed: tuple[Stayed, ...] = ()
