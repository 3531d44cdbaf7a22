"""What the computer under us does: the events that the watchers of ``t4t.host`` bring, and the values in them. Decisions are in `t4t.domain.shutdown`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, TypeAlias

from t4t.domain.record import record


class EventKind(enum.Enum):
    """The kinds of events, to say which of them a computer can't bring."""

    SESSION_END = "session_end"
    SLEEP = "sleep"
    USER_SWITCH = "user_switch"
    POWER = "power"
    CLOCK = "clock"
    NETWORK = "network"
    DISK = "disk"
    PROGRAM = "program"
    BLOCK = "block"
    """No event: whether the end of the session and sleep wait for us while we save."""


class Ending(enum.Enum):
    """How the session ends."""

    LOG_OFF = "log_off"
    SHUTDOWN = "shutdown"
    """Or a restart of the computer."""
    CLOSE = "close"
    """Only this program is asked to end, to be updated (Windows' restart manager)."""


@record(kw_only=True)
class SessionEnding:
    """The session will end. ``seconds`` from now on are promised to those who hold a block; None if nobody promises any."""

    ending: Ending
    seconds: float | None


@record
class SessionEndCancelled:
    """It does not end after all."""


@record(kw_only=True)
class AboutToSleep:
    """The computer will sleep or hibernate; ``seconds`` as in `SessionEnding`."""

    seconds: float | None


@record(kw_only=True)
class Woke:
    """The computer slept for ``slept_s`` seconds, announced or not."""

    slept_s: float


@record
class UserAway:
    """Another user's session is in front of ours."""


@record
class UserBack:
    """Our session is in front again."""


class Charge(enum.Enum):
    """How urgent the battery's state is; on mains it is always `FINE`."""

    FINE = "fine"
    LOW = "low"
    CRITICAL = "critical"
    """The system will soon sleep, hibernate or shut down by itself."""


LOW_PERCENT: Final = 10.0
CRITICAL_PERCENT: Final = 5.0


@record(kw_only=True)
class Power:
    """The source of power. ``percent`` of the battery, None if there is none or it does not say."""

    on_battery: bool = False
    percent: float | None = None
    charge: Charge = Charge.FINE
    charging: bool | None = None
    """Whether the battery takes up charge now: one that is full, or is kept from charging, does not. None: the system does not say."""


@record(kw_only=True)
class PowerChanged:
    """Another source, another urgency, or a charge that moved by `PERCENT_STEP`; the first one says how it is."""

    power: Power


@record(kw_only=True)
class ClockJumped:
    """The wall clock was set by ``seconds`` (negative: back) against the clocks that nobody can set."""

    seconds: float


@record(kw_only=True)
class ZoneChanged:
    """Local time is ``offset_s`` east of UTC now: daylight-saving time began or ended, or the computer travelled."""

    offset_s: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Route:
    """A way out of this computer: a link that works, has a default route, and our address on it."""

    link: str
    address: str


@record(kw_only=True)
class NetworkChanged:
    """The ways out are other ones now; empty: offline."""

    routes: frozenset[Route]

    @property
    def online(self) -> bool:
        """There is a way out."""
        return bool(self.routes)


class DiskState(enum.Enum):
    """The file system of the data folder."""

    FINE = "fine"
    LOW = "low"
    """A VM can go on; nothing big may be begun."""
    FULL = "full"
    GONE = "gone"
    """The folder can't be reached: unmounted, unplugged, removed."""


@record(kw_only=True)
class DiskChanged:
    """The data folder's file system; ``free_mib`` is 0 when it is gone."""

    state: DiskState
    free_mib: int


@record(kw_only=True)
class ProgramReplaced:
    """The file of a watched program (VirtualBox's) is another one, or gone; VMs that run still use the old one."""

    path: str
    present: bool


HostEvent: TypeAlias = (
    SessionEnding
    | SessionEndCancelled
    | AboutToSleep
    | Woke
    | UserAway
    | UserBack
    | PowerChanged
    | ClockJumped
    | ZoneChanged
    | NetworkChanged
    | DiskChanged
    | ProgramReplaced
)


# --- what of an observation is worth an event ----------------------------------------------------------------------

PERCENT_STEP: Final = 5.0
"""A charge that moved less is no event by itself."""


def charge_of(*, on_battery: bool, percent: float | None) -> Charge:
    """The urgency where the system only tells the charge."""
    if not on_battery or percent is None or percent > LOW_PERCENT:
        return Charge.FINE
    return Charge.CRITICAL if percent <= CRITICAL_PERCENT else Charge.LOW


def power_changed(told: Power | None, now: Power) -> bool:
    """Whether ``now`` is worth an event after ``told``, the last one that was."""
    if told is None or (told.on_battery, told.charge, told.charging) != (now.on_battery, now.charge, now.charging):
        return True
    if told.percent is None or now.percent is None:
        return told.percent is not now.percent
    return abs(told.percent - now.percent) >= PERCENT_STEP


@record(kw_only=True)
class DiskLimits:
    """Free MiB below which a disk counts as low or full; it must rise by a quarter above a limit to count as better again."""

    low_mib: int = 4096
    full_mib: int = 512


def disk_state(before: DiskState, free_mib: int | None, limits: DiskLimits) -> DiskState:
    """The state with ``free_mib`` free, None if the folder is gone; never flaps around a limit."""
    if free_mib is None:
        return DiskState.GONE
    full, low = limits.full_mib, max(limits.low_mib, limits.full_mib)
    if before in {DiskState.FULL, DiskState.LOW}:
        low += low // 4
    if before is DiskState.FULL:
        full += full // 4
    if free_mib < full:
        return DiskState.FULL
    return DiskState.LOW if free_mib < low else DiskState.FINE


@record(kw_only=True)
class FileIdentity:
    """What tells a program's file from the one that an upgrade puts in its place."""

    device: int
    inode: int
    size: int
    mtime_ns: int


@record(kw_only=True)
class ProgramWatch:
    """The state of watching one file: the last identity that was told, and one that was seen but once."""

    told: FileIdentity | None
    fresh: FileIdentity | None = None
    looks: int = 0


def watch_program(state: ProgramWatch, seen: FileIdentity | None) -> tuple[ProgramWatch, bool]:
    """The next state after a look, and whether it was replaced.

    An upgrade removes and writes files for seconds: a change is told when two looks in a row found the same.
    """
    if seen == state.told:
        return ProgramWatch(told=state.told), False
    if state.looks and seen == state.fresh:
        return ProgramWatch(told=seen), True
    return ProgramWatch(told=state.told, fresh=seen, looks=1), False
