"""Credit as it is now, out of what a server last wrote down."""

from __future__ import annotations

import math
from typing import Final

_WEEK_S: Final = 7 * 86400.0


def decayed(expavg_credit: float, expavg_time: float, now: float) -> float:
    """Recent average credit at ``now``: it halves every week, and servers update it only when they grant credit."""
    return expavg_credit * math.exp2(-max(0.0, now - expavg_time) / _WEEK_S)
