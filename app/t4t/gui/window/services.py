"""What the window has done beside the local API: `t4t.bootstrap` gives it. All but `start_agent` block, and are called in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from t4t.gui.wizard.services import WizardServices

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from t4t.domain.changes import Change, Fetch, Fix
    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.domain.gallery import SavedPicture
    from t4t.domain.removal import Part, Removal, Removed
    from t4t.domain.world import World


class WindowServices(WizardServices, Protocol):
    """In-process services; raises leaves of `T4TError`."""

    def start_agent(self) -> None:
        """Start the program that works in the background."""
        ...

    def doctor(self, *, boot: bool = False) -> Diagnosis:
        """Look at this computer; ``boot``: and really start a tiny machine, which takes some seconds."""
        ...

    def fix_plan(self, remedy: str) -> Fix:
        """What the remedy would do here."""
        ...

    def carry_out(self, fix: Fix, tell: Callable[[Change | Fetch, int], None]) -> bool:
        """Do it; whether it acts only after a restart of the computer, which is gone on from then."""
        ...

    def report(self) -> str:
        """Everything that a helper needs to know, without anything that tells who somebody is."""
        ...

    def logs(self) -> str:
        """The ends of all logs, without what a report has not either."""
        ...

    def pictures(self) -> Sequence[SavedPicture]:
        """The pictures that the volunteer kept, the newest first."""
        ...

    def keep_picture(self, title: str, png: bytes) -> None:
        """Keep one; raises `FolderUnwritable`."""
        ...

    def remove_picture(self, name: str) -> None:
        """Remove one; raises `FolderUnwritable`."""
        ...

    def world(self) -> World:
        """The map of the world; one without countries if it can't be read. Takes a millisecond, and is not asked for in a thread."""
        ...

    def write_report(self, path: Path, text: str) -> None:
        """Into a new file of its owner's alone; raises `FileExists`, `ReportUnwritable`."""
        ...

    def removal(self) -> Removal:
        """All that this program made here; changes nothing."""
        ...

    def remove(self, keep: Collection[Part], tell: Callable[[Part], None]) -> Removed:
        """Remove it, but for what is to be kept; what ``tell`` raises ends it between two parts. Ends the agent."""
        ...
