"""The sentences for errors of `t4t.domain.update_errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.update_errors import (
    ApplianceNotOffered,
    NothingNewer,
    NoWayBack,
    UpdateBusy,
    UpdateExpired,
    UpdateFailed,
    UpdateNotOurs,
    UpdatesNotSetUp,
    UpdateUnfit,
    UpdateUntrusted,
)
from t4t.wording.text import Text

if TYPE_CHECKING:
    from t4t.wording.language import Marked

_BY_HAND: Final[Marked] = "Or install the newest version by hand from the project's page; your work stays."

TEXTS: Final[dict[str, Text]] = {
    UpdateUntrusted.code: Text(
        "An update was refused",
        "What came is not what the program's makers signed: {reason}. Nothing of it was used, and the version that you have goes on.",
        ("It is asked again by itself. If it comes back, report it with this code: somebody may be changing what you download.",),
    ),
    UpdateExpired.code: Text(
        "The list of updates is too old",
        "{reason}. An old list could hide a newer version, so it is not believed.",
        ("Check the date and time of this computer, then run t4t app-update check.", _BY_HAND),
    ),
    UpdateNotOurs.code: Text(
        "This copy is not updated by itself",
        "It came here by other means ({kind}), and what brought it keeps it up to date.",
        ("Update it with your package manager, or in the folder of sources that it was started from.",),
    ),
    UpdatesNotSetUp.code: Text(
        "This copy has no place for updates",
        "It was built without {missing}, so there is nobody whom it could ask for a newer version.",
        ("Install the newest version from the project's page.",),
    ),
    UpdateUnfit.code: Text(
        "A new version does not work here",
        "Version {version} was tried and does not work on this computer: {reason}. The version that you had is back, with all its work.",
        ("Nothing needs to be done; the next version will be tried. To try this one again: t4t app-update install --again.",),
    ),
    UpdateFailed.code: Text(
        "A new version was not put in place",
        "Version {version}: {reason}. The version that you have goes on.",
        ("Run t4t app-update install; it goes on where it stopped.", _BY_HAND),
    ),
    NoWayBack.code: Text(
        "There is no way back",
        "{reason}.",
        ("Install the older version by hand from the project's page; your work stays.",),
    ),
    UpdateBusy.code: Text(
        "The program is in use",
        "It can't be updated now: {what}.",
        ("Close the window and other commands of the program, then run t4t app-update install again.",),
    ),
    NothingNewer.code: Text(
        "There is nothing newer to install",
        "Version {installed} is here, and no newer one that works on this computer is known.",
        ("To try again what failed or was skipped: t4t app-update install --again.",),
    ),
    ApplianceNotOffered.code: Text(
        "There is no appliance for this computer",
        "Where it is fetched from there is no {file}. It is made for computers with an Intel or AMD processor.",
        ("LHC@home brings an appliance of its own; only the demo needs this one.",),
    ),
}
