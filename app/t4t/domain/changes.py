"""Changes to this computer as pure data: commands with all their words, who may do them, how each end of theirs is to be read, how they are undone.

What is shown to the volunteer is what is run: both come from here.
"""

from __future__ import annotations

import enum
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record

if TYPE_CHECKING:
    from t4t.domain.diagnosis.findings import Finding, Step

DOWNLOAD: Final = "{download}"
MOUNT: Final = "{mount}"
"""What the executor fills in with folders of its own: of downloads and small files, and where an image is opened."""


class Ended(enum.Enum):
    """How a command ended."""

    DONE = "done"
    RESTART = "restart"
    """Done; the computer must be restarted before it acts."""
    REFUSED = "refused"
    """The volunteer, or who looks after the computer, said no. Nothing was changed."""
    BUSY = "busy"
    """Another installation is under way."""
    FAILED = "failed"


@record(kw_only=True)
class Command:
    """One program with its words. Statuses that no set names mean a failure."""

    words: tuple[str, ...]
    done: frozenset[int] = frozenset({0})
    restart: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()
    busy: frozenset[int] = frozenset()
    may_fail: bool = False
    """The change is good without it (a list of packages that is a day old)."""
    asks: bool = False
    """It asks the volunteer something, in a terminal."""

    @property
    def text(self) -> str:
        """As it is typed into a shell."""
        return shlex.join(self.words)

    def filled(self, places: dict[str, str]) -> Command:
        """With the executor's own paths in the place of their names."""
        return replace(self, words=tuple(filled(word, places) for word in self.words))

    def ended(self, status: int) -> Ended:
        """What an exit status means."""
        for statuses, meaning in ((self.done, Ended.DONE), (self.restart, Ended.RESTART), (self.refused, Ended.REFUSED), (self.busy, Ended.BUSY)):
            if status in statuses:
                return meaning
        return Ended.DONE if self.may_fail else Ended.FAILED


def filled(word: str, places: dict[str, str]) -> str:
    """A word with the executor's own paths in the place of their names."""
    for name, path in places.items():
        word = word.replace(name, path)
    return word


class What(enum.Enum):
    """What a step is for; its words are in `t4t.wording.changes`."""

    ADD_REPOSITORY = "add-repository"
    INSTALL_PACKAGES = "install-packages"
    INSTALL_RUNTIME = "install-runtime"
    RUN_INSTALLER = "run-installer"
    OPEN_IMAGE = "open-image"
    CLOSE_IMAGE = "close-image"
    CHANGE_SETTING = "change-setting"
    START = "start"
    RESTART_COMPUTER = "restart-computer"


@record(kw_only=True)
class Change:
    """Commands that belong together. ``elevated``: as administrator, who is asked once for all of them."""

    what: What
    commands: tuple[Command, ...]
    elevated: bool = False
    always: bool = False
    """Also after a failure of one before it (an image that was opened is closed)."""
    genuine: tuple[str, str] = ("", "")
    """A file, and who must have signed it, before a command is run."""


class Note(enum.Enum):
    """What the volunteer should know before; the words are in `t4t.wording.changes`."""

    NETWORK_STOPS = "network-stops"
    ALLOW_EXTENSION = "allow-extension"
    REPOSITORY = "repository"
    SAVE_WORK = "save-work"
    PASSWORD_ONCE = "password-once"  # noqa: S105 - an id


@record(kw_only=True)
class Fetch:
    """A file to download: by digest, by the fingerprint of the one key that is in it, or (empty both) judged by its signature alone."""

    name: str
    address: str
    sha256: str = ""
    fingerprint: str = ""


@record(kw_only=True)
class Plan:
    """Steps in their order. ``undo`` are the commands that take them back, as far as that is possible."""

    changes: tuple[Change, ...]
    undo: tuple[Command, ...] = ()
    restart: bool = False
    """It acts after the computer was restarted."""
    log_in: bool = False
    """It acts after the volunteer logged out and in."""
    notes: tuple[Note, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """Small files by name and content, which are laid into the folder of downloads."""
    fetch: tuple[Fetch, ...] = ()

    @property
    def elevated(self) -> bool:
        """Whether an administrator is needed."""
        return any(change.elevated for change in self.changes)

    @property
    def asks(self) -> bool:
        """Whether a command of it asks the volunteer something, in a terminal."""
        return any(command.asks for change in self.changes for command in change.commands)


@record(kw_only=True)
class Pending:
    """What waits for a restart of the computer: the check that failed, the remedy that was carried out, and in which run of the computer."""

    check: str
    remedy: str
    boot: str


@record(kw_only=True)
class Fix:
    """What would be done about a finding. ``plan`` None: it is the volunteer's to do, as the words of ``step`` say."""

    finding: Finding
    step: Step
    plan: Plan | None
