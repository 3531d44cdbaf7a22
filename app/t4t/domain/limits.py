"""How much of the processors a VM gets at each level: pure."""

from __future__ import annotations

from typing import Final, assert_never

from t4t.domain.policy import Level
from t4t.domain.record import record

_FULL: Final = 100


@record(kw_only=True)
class Limits:
    """Cores, and percent of each."""

    cores: int
    cap_percent: int


def limits_at(level: Level, given: Limits, *, gentle_percent: int) -> Limits:
    """What a VM has at ``level`` of what the volunteer gives; at a level at which nothing runs the same as in full."""
    match level:
        case Level.FULL | Level.PAUSED | Level.SAVED | Level.STOPPED:
            return given
        case Level.GENTLE:
            return Limits(cores=given.cores, cap_percent=max(1, given.cap_percent * gentle_percent // _FULL))
        case Level.ONE_CORE:
            return Limits(cores=1, cap_percent=given.cap_percent)
        case _:
            assert_never(level)


def cap_for(limits: Limits, cores: int) -> int:
    """The cap that holds ``limits`` on a VM that has ``cores``, whose number can't be changed while it has a state."""
    return max(1, min(limits.cap_percent, limits.cores * limits.cap_percent // max(1, cores)))


def as_booted(limits: Limits, cores: int, *, can_cap: bool) -> Limits:
    """What a VM is booted with at ``limits`` if the volunteer gives it ``cores``.

    A guest keeps for all its life, checkpoints among it, the number of cores that it was booted with. So it gets them all, and the cap holds it to its limits
    and lets go again; only where nothing can be capped it gets those of the level alone.
    """
    return Limits(cores=cores, cap_percent=cap_for(limits, cores)) if can_cap else limits
