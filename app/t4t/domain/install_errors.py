"""Errors of changing this computer: installing VirtualBox, carrying out a fix. A branch of the tree in `t4t.domain.errors`.

T4TError
└─ HostError
   └─ ChangeError      a change to this computer                                       exit 3
"""

from __future__ import annotations

from dataclasses import dataclass

from t4t.domain.errors import HostError, Retry


class ChangeError(HostError):
    """A change to this computer was not made, or not to its end."""


@dataclass(eq=False)
class MachinesRunning(ChangeError):
    """Virtual machines of VirtualBox run, ours or other people's: nothing is installed under them. ``names`` as a list with commas."""

    names: str
    code = "T4T-FIX-01"


@dataclass(eq=False)
class NewerInstalled(ChangeError):
    """What would be installed is older than what is there."""

    installed: str
    offered: str
    code = "T4T-FIX-02"
    retry = Retry.NEVER


@dataclass(eq=False)
class NoWayKnown(ChangeError):
    """It can't be done by command on this computer; the volunteer can do it by hand."""

    what: str
    system: str
    code = "T4T-FIX-03"
    retry = Retry.NEVER


@dataclass(eq=False)
class PublisherWrong(ChangeError):
    """A file is not signed by who must have made it; nothing of it was run. ``found`` is empty if it has no valid signature."""

    file: str
    expected: str
    found: str
    code = "T4T-FIX-04"
    retry = Retry.NEVER


@dataclass(eq=False)
class LayoutStrange(ChangeError):
    """The official place for downloads does not look as it always did."""

    file: str
    detail: str
    code = "T4T-FIX-05"
    retry = Retry.BACKOFF


@dataclass(eq=False)
class AdministratorRefused(ChangeError):
    """The volunteer (or who looks after the computer) did not allow a step; nothing of it was done."""

    command: str
    code = "T4T-FIX-06"


@dataclass(eq=False)
class NoAdministrator(ChangeError):
    """A step needs an administrator, and this system has no way to ask for one here."""

    command: str
    code = "T4T-FIX-07"


@dataclass(eq=False)
class StepFailed(ChangeError):
    """A command of a change failed; ``detail`` is the end of what it said."""

    command: str
    status: int
    detail: str
    code = "T4T-FIX-08"


@dataclass(eq=False)
class InstallerBusy(ChangeError):
    """Another installation is under way."""

    command: str
    code = "T4T-FIX-09"
    retry = Retry.BACKOFF


@dataclass(eq=False)
class NothingToFix(ChangeError):
    """The id named on the command line is of nothing that this computer's diagnosis knows."""

    name: str
    known: str
    code = "T4T-FIX-10"
    exit_code = 2
