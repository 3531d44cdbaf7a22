"""Credit as it is now, out of what a server last wrote down, and day by day as this computer has seen it."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY_S: Final = 86400.0
_WEEK_S: Final = 7 * _DAY_S
_MOST_DAYS: Final = 1100
"""Three years."""


class CreditDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a project said last on one day (days since 1970, UTC), at Unix time ``at``; ``recent`` is the average a day as of then."""

    day: int
    at: float
    user_total: float
    user_recent: float
    host_total: float
    host_recent: float


class TeamDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a project said last of the volunteer's team on one day; as `CreditDay`, and which team it was."""

    day: int
    at: float
    team: str
    total: float
    recent: float


class CreditGain(msgspec.Struct, frozen=True, kw_only=True):
    """What came on one day; nothing on the first one, before which nobody looked. Never less than nothing: servers correct their books."""

    day: int
    user: float
    host: float
    user_total: float


def decayed(expavg_credit: float, expavg_time: float, now: float) -> float:
    """Recent average credit at ``now``: it halves every week, and servers update it only when they grant credit."""
    return expavg_credit * math.exp2(-max(0.0, now - expavg_time) / _WEEK_S)


def noted(history: Sequence[CreditDay], now: float, *, user_total: float, user_recent: float, host_total: float, host_recent: float) -> tuple[CreditDay, ...]:
    """The history with what was said at ``now``; days that a clock set back would put into the future are dropped."""
    today = CreditDay(day=int(now // _DAY_S), at=now, user_total=user_total, user_recent=user_recent, host_total=host_total, host_recent=host_recent)
    return (*(one for one in history if one.day < today.day), today)[-_MOST_DAYS:]


def gains(history: Sequence[CreditDay]) -> tuple[CreditGain, ...]:
    """What came on each day of the history, the oldest first; what came between two days that are apart counts for the later one."""
    first = [CreditGain(day=one.day, user=0.0, host=0.0, user_total=one.user_total) for one in history[:1]]
    later = [
        CreditGain(
            day=one.day,
            user=max(0.0, one.user_total - before.user_total),
            host=max(0.0, one.host_total - before.host_total),
            user_total=one.user_total,
        )
        for before, one in itertools.pairwise(history)
    ]
    return (*first, *later)


def noted_team(history: Sequence[TeamDay], now: float, *, team: str, total: float, recent: float) -> tuple[TeamDay, ...]:
    """As `noted`, of a team."""
    today = TeamDay(day=int(now // _DAY_S), at=now, team=team, total=total, recent=recent)
    return (*(one for one in history if one.day < today.day), today)[-_MOST_DAYS:]


def team_gains(history: Sequence[TeamDay]) -> tuple[tuple[int, float], ...]:
    """What came to the team on each day, as `gains`; what another team had before is no gain of this one's."""
    first = [(one.day, 0.0) for one in history[:1]]
    later = [(one.day, max(0.0, one.total - before.total) if one.team == before.team else 0.0) for before, one in itertools.pairwise(history)]
    return (*first, *later)
