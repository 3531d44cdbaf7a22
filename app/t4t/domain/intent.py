"""What the volunteer asked for by hand: pauses, running anyway, using less, finishing; how long each lasts, whatever becomes of clock and zone. Pure."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.levels import Level
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Callable


class PauseKind(enum.Enum):
    """For how long."""

    HALF_HOUR = "30m"
    HOUR = "1h"
    THREE_HOURS = "3h"
    TOMORROW = "tomorrow"
    """Until eight in the morning."""
    RESTART = "restart"
    """Until the computer is started again."""
    FOREVER = "forever"
    """Until the volunteer goes on."""


_DAY_S: Final = 86_400.0
_MORNING_S: Final = 8 * 3600.0
PROLONGED_BY_S: Final = 1800.0
"""What one request for more adds to a pause."""
_LENGTH_S: Final = {PauseKind.HALF_HOUR: 1800.0, PauseKind.HOUR: 3600.0, PauseKind.THREE_HOURS: 10_800.0}


class Pause(msgspec.Struct, frozen=True):
    """A pause by hand. ``until`` is None without a time; ``boot`` tells one run of the computer from the next."""

    kind: PauseKind
    since: float
    until: float | None
    boot: str


class AnywayKind(enum.Enum):
    """For how long it runs whatever the rules say."""

    HALF_HOUR = "30m"
    HOUR = "1h"
    TWO_HOURS = "2h"


_ANYWAY_S: Final = {AnywayKind.HALF_HOUR: 1800.0, AnywayKind.HOUR: 3600.0, AnywayKind.TWO_HOURS: 7200.0}
_SET_BACK_S: Final = 60.0


class Anyway(msgspec.Struct, frozen=True):
    """The volunteer's word that it runs whatever the rules say, those of safety excepted."""

    kind: AnywayKind
    since: float
    until: float


class LessKind(enum.Enum):
    """How much less the work is to have for now."""

    GENTLE = "gentle"
    """Reduced power for an hour."""
    ONE_CORE = "one-core"
    """Until the volunteer takes it back."""


_LESS_S: Final = {LessKind.GENTLE: 3600.0}
LESS_LEVELS: Final = {LessKind.GENTLE: Level.GENTLE, LessKind.ONE_CORE: Level.ONE_CORE}


class Less(msgspec.Struct, frozen=True):
    """The volunteer's word that it is to use less for now. ``until`` is None without a time."""

    kind: LessKind
    since: float
    until: float | None


class Intent(msgspec.Struct, frozen=True):
    """What the volunteer asked for; it survives every restart but for ``quitting``. Of running anyway and a pause, or using less, the later word holds."""

    pause: Pause | None = None
    finishing: bool = False
    """Begin nothing new; when all work is done, pause."""
    quitting: bool = False
    anyway: Anyway | None = None
    less: Less | None = None


def _in_utc(_at: float) -> float:
    return 0.0


@record(kw_only=True)
class Instant:
    """Now: seconds since 1970, which run of the computer this is, and when the next morning begins."""

    now: float
    boot: str
    morning: float
    offset_at: Callable[[float], float] = _in_utc
    """How many seconds local time is east of UTC at any moment: the system's own word, so that daylight-saving time is right on any day to come."""


def pause_by_hand(kind: PauseKind, at: Instant) -> Pause:
    """A pause that begins now."""
    until = at.now + _LENGTH_S[kind] if kind in _LENGTH_S else at.morning if kind is PauseKind.TOMORROW else None
    return Pause(kind=kind, since=at.now, until=until, boot=at.boot)


def prolonged(pause: Pause | None, by: float, at: Instant) -> Pause:
    """The pause with ``by`` seconds more; one without an end stays, and where none holds any more one of that length begins."""
    if pause is None or is_over(pause, at):
        return Pause(kind=PauseKind.HALF_HOUR, since=at.now, until=at.now + by, boot=at.boot)
    return pause if pause.until is None else msgspec.structs.replace(pause, until=pause.until + by)


def is_over(pause: Pause, at: Instant) -> bool:
    """Whether a pause has ended by itself."""
    if pause.kind is PauseKind.RESTART:
        return pause.boot != at.boot
    return pause.until is not None and at.now >= pause.until


def after_jump(pause: Pause, by: float) -> Pause:
    """The pause after somebody set the clock forward by ``by`` seconds: an hour stays an hour, eight in the morning stays what the clock says."""
    if pause.kind in _LENGTH_S and pause.until is not None:
        return msgspec.structs.replace(pause, since=pause.since + by, until=pause.until + by)
    return msgspec.structs.replace(pause, since=pause.since + by)


def in_zone(pause: Pause, offset_s: float) -> Pause:
    """The pause where local time is ``offset_s`` east of UTC now: "tomorrow" ends at the eight o'clock that is nearest to the one that was meant.

    Where only daylight-saving time began or ended that is the same moment, for it was computed with it.
    """
    if pause.kind is not PauseKind.TOMORROW or pause.until is None:
        return pause
    late = (pause.until + offset_s - _MORNING_S + _DAY_S / 2) % _DAY_S - _DAY_S / 2
    return msgspec.structs.replace(pause, until=pause.until - late)


# --- running anyway --------------------------------------------------------------------------------------------------


def anyway_by_hand(kind: AnywayKind, at: Instant) -> Anyway:
    """It begins now."""
    return Anyway(kind=kind, since=at.now, until=at.now + _ANYWAY_S[kind])


def holds_anyway(anyway: Anyway | None, at: Instant) -> bool:
    """Whether it is in force. A clock that was set back while we did not run makes it no longer: then the rules count again."""
    return anyway is not None and anyway.since - _SET_BACK_S <= at.now < anyway.until


def anyway_after_jump(anyway: Anyway, by: float) -> Anyway:
    """As it is after somebody set the clock forward by ``by`` seconds: an hour stays an hour."""
    return msgspec.structs.replace(anyway, since=anyway.since + by, until=anyway.until + by)


# --- using less ------------------------------------------------------------------------------------------------------


def less_by_hand(kind: LessKind, at: Instant) -> Less:
    """It begins now."""
    return Less(kind=kind, since=at.now, until=at.now + _LESS_S[kind] if kind in _LESS_S else None)


def holds_less(less: Less | None, at: Instant) -> bool:
    """Whether it is in force; of a clock that was set back as with `holds_anyway`."""
    return less is not None and (less.until is None or less.since - _SET_BACK_S <= at.now < less.until)


def less_after_jump(less: Less, by: float) -> Less:
    """As `anyway_after_jump`."""
    return msgspec.structs.replace(less, since=less.since + by, until=None if less.until is None else less.until + by)
