"""Errors of updating the program itself. A branch of the tree in `t4t.domain.errors`.

T4TError
└─ HostError
   └─ UpdateError      the program is not updated; the version that is there goes on       exit 3
"""

from __future__ import annotations

from dataclasses import dataclass

from t4t.domain.errors import HostError, Retry


class UpdateError(HostError):
    """The program stays the version that it is."""


@dataclass(eq=False)
class UpdateUntrusted(UpdateError):
    """What came is not what was signed."""

    reason: str
    code = "T4T-UPD-01"
    retry = Retry.BACKOFF


@dataclass(eq=False)
class UpdateExpired(UpdateError):
    """The signed lists are too old to be believed, or this computer's clock is wrong."""

    reason: str
    code = "T4T-UPD-02"


@dataclass(eq=False)
class UpdateNotOurs(UpdateError):
    """This copy is not one that updates itself; ``kind`` is how it came here."""

    kind: str
    code = "T4T-UPD-03"


@dataclass(eq=False)
class UpdatesNotSetUp(UpdateError):
    """This copy was built without the place or the key of updates."""

    missing: str
    code = "T4T-UPD-04"
    retry = Retry.NEVER


@dataclass(eq=False)
class UpdateUnfit(UpdateError):
    """The new version does not work on this computer; the previous one is back."""

    version: str
    reason: str
    code = "T4T-UPD-05"


@dataclass(eq=False)
class UpdateFailed(UpdateError):
    """The new version could not be put in place."""

    version: str
    reason: str
    code = "T4T-UPD-06"


@dataclass(eq=False)
class NoWayBack(UpdateError):
    """No previous version is kept."""

    reason: str
    code = "T4T-UPD-07"


@dataclass(eq=False)
class UpdateBusy(UpdateError):
    """Something of the program is still in use, or another update is under way."""

    what: str
    code = "T4T-UPD-08"
    retry = Retry.BACKOFF


@dataclass(eq=False)
class NothingNewer(UpdateError):
    """There is no newer version that could be installed."""

    installed: str
    code = "T4T-UPD-09"


@dataclass(eq=False)
class ApplianceNotOffered(UpdateError):
    """Where updates come from there is no appliance for this computer."""

    file: str
    code = "T4T-UPD-10"
