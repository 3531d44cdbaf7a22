"""Other versions of the program itself: which of them this copy should become, and how far an update has come. Pure.

An update never goes backwards, is never one that failed here before, and is never forced on a copy that somebody else looks after (a package manager, a
developer). The one way to an older version is the volunteer's own word: to the previous one, which is kept.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

_VERSION: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6}){0,3})(?:(a|b|rc)(\d{1,6}))?")
_FINAL: Final = "z"
"""Behind ``a``, ``b`` and ``rc``."""
STARTS: Final = 3
"""So often applying an update may be begun before it counts as one that can't be applied here: something ends us each time."""
DAY_S: Final = 86_400.0


class Kind(enum.Enum):
    """How this copy came here; the value is what `installation.json` says."""

    TAR = "tar"
    """Linux: one folder, unpacked by its user."""
    APP = "app"
    """MacOS: an app out of a disk image."""
    SETUP = "setup"
    """Windows: by its setup program, for one user."""
    DEB = "deb"
    RPM = "rpm"

    @property
    def in_place(self) -> bool:
        """Whether the program itself may change this copy; else its package manager does."""
        return self not in {Kind.DEB, Kind.RPM}


_SUFFIXES: Final = {Kind.TAR: ".tar.xz", Kind.APP: ".dmg", Kind.SETUP: ".exe", Kind.DEB: ".deb", Kind.RPM: ".rpm"}


def target(kind: Kind, platform: str) -> str:
    """The name under which the installer for a platform (``linux-x86_64``) is signed; the same in every release."""
    return f"t4t-{platform}{_SUFFIXES[kind]}"


def previous_target(kind: Kind, platform: str) -> str:
    """The name of the installer of the release before."""
    return f"previous/{target(kind, platform)}"


def appliance_target(architecture: str) -> str:
    """The name under which the reference appliance is signed, beside the installers."""
    return f"appliance-{architecture}.tar.xz"


class SignedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as its signed metadata describe it. ``unpacked``: bytes on the disk, 0 if not told."""

    version: str
    file: str
    nbytes: int
    sha256: str
    unpacked: int = 0


class Offer(SignedFile, frozen=True, kw_only=True):
    """An installer."""

    kind: Kind
    security: bool = False


def rank(version: str) -> tuple[tuple[int, ...], str, int] | None:
    """What versions are compared by: 1.2 is 1.2.0, and 1.2rc1 comes before it; None for what is no version of ours."""
    found = _VERSION.fullmatch(version)
    if found is None or not version.isascii():
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), found[2] or _FINAL, int(found[3] or 0)


def is_newer(one: str, other: str) -> bool:
    """Whether ``one`` comes after ``other``; with what is no version nothing can be compared."""
    first, second = rank(one), rank(other)
    return first is not None and second is not None and first > second


class Verdict(enum.Enum):
    """What is to be done about an offer."""

    NOTHING = "nothing"
    """It is not newer than what is here."""
    TELL = "tell"
    """It is newer, and the package manager brings it."""
    BAD = "bad"
    """It failed here before."""
    SKIPPED = "skipped"
    """The volunteer does not want it."""
    TAKE = "take"


def judge(offer: Offer, *, installed: str, kind: Kind, bad: tuple[str, ...] = (), skipped: str = "") -> Verdict:
    """What is to be done, unasked, about ``offer`` in a copy of version ``installed``."""
    if offer.kind is not kind or not is_newer(offer.version, installed):
        return Verdict.NOTHING
    if not kind.in_place:
        return Verdict.TELL
    if offer.version in bad:
        return Verdict.BAD
    return Verdict.SKIPPED if offer.version == skipped else Verdict.TAKE


class Step(enum.Enum):
    """How far an update has come; written down before what it names begins."""

    IDLE = "idle"
    FOUND = "found"
    """It is to be fetched, or part of it was."""
    READY = "ready"
    """Fetched and verified: waits for a safe point."""
    SWITCHING = "switching"
    """Is put in place; which version is there is seen at the place itself."""
    TRIAL = "trial"
    """In place, and has to show that it works."""
    RETURNING = "returning"
    """Did not work, or is not wanted: the previous one is put in place."""


UNDER_WAY: Final = frozenset({Step.SWITCHING, Step.TRIAL, Step.RETURNING})
"""Whoever finds one of these without anybody at work on it must take it up."""


class Failed(msgspec.Struct, frozen=True):
    """An error as it travels (`t4t.domain.errors.to_wire`)."""

    code: str
    data: dict[str, str | int | float | bool | None] = {}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of updates; kept in the data folder. Times in seconds since 1970."""

    step: Step = Step.IDLE
    offer: Offer | None = None
    """The newest that was seen, whatever became of it."""
    before: str = ""
    """The version from which the update under way, or the last one, began."""
    previous: str = ""
    """The version that is kept for a way back."""
    back: bool = False
    """What is under way is the volunteer's own way back."""
    starts: int = 0
    """How often applying this update was begun."""
    restart: tuple[str, ...] | None = None
    """The words with which the agent is started again; None: none ran."""
    bad: tuple[str, ...] = ()
    skipped: str = ""
    checked_at: float = 0.0
    tried_at: float = 0.0
    """When it was asked last, with or without an answer."""
    failure: Failed | None = None
    """The last error; None: all is well."""


class Deed(enum.Enum):
    """What whoever applies an update does next."""

    STOP = "stop"
    SWITCH = "switch"
    TRY = "try"
    RETURN = "return"
    CONFIRM_RETURN = "confirm-return"
    GIVE_UP = "give-up"
    """It is begun again and again and never comes to its end."""
    FORGET = "forget"
    """Somebody installed yet another version meanwhile."""


def next_deed(record: Record, here: str) -> Deed:
    """Of what is written down and the version that is in place; total, so that who was killed at any instruction is taken up.

    ``here`` is empty where no version can be read: a setup that was cut short is run once more.
    """
    if record.step not in UNDER_WAY or record.offer is None:
        return Deed.STOP
    wanted = record.offer.version
    match record.step:
        case Step.SWITCHING if here in {record.before, ""}:
            return Deed.SWITCH if record.starts < STARTS else Deed.GIVE_UP
        case Step.SWITCHING | Step.TRIAL if here == wanted:
            return Deed.TRY
        case Step.RETURNING | Step.TRIAL if here in {wanted, ""}:
            return Deed.RETURN
        case Step.RETURNING | Step.TRIAL if here == record.before:
            return Deed.CONFIRM_RETURN
        case _:
            return Deed.FORGET


def is_due(record: Record, now: float) -> bool:
    """Whether it should be asked for a newer version: daily, and within the hour after it failed; a clock that was set back does not put it off."""
    since = now - record.checked_at
    again = now - record.tried_at
    return not (0 <= since < DAY_S) and not (0 <= again < DAY_S / 24)


class UpdateView(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of updates. ``newest`` is empty as long as it was never asked."""

    installed: str
    newest: str = ""
    step: Step = Step.IDLE
    verdict: Verdict = Verdict.NOTHING
    security: bool = False
    previous: str = ""
    checked_at: float = 0.0
    failure: Failed | None = None


def view_of(record: Record, *, installed: str, kind: Kind) -> UpdateView:
    """Of what is written down."""
    offer = record.offer
    verdict = Verdict.NOTHING if offer is None else judge(offer, installed=installed, kind=kind, bad=record.bad, skipped=record.skipped)
    return UpdateView(
        installed=installed,
        newest="" if offer is None else offer.version,
        step=record.step,
        verdict=verdict,
        security=offer is not None and offer.security,
        previous=record.previous,
        checked_at=record.checked_at,
        failure=record.failure,
    )


def is_news(view: UpdateView) -> bool:
    """Whether it is worth a message: there is something newer, and it is wanted."""
    return view.verdict in {Verdict.TELL, Verdict.TAKE} and view.step not in UNDER_WAY
