"""The real clock."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from pathlib import Path
from typing import Final

import psutil

MORNING_HOUR: Final = 8
_LEAST_HOURS: Final = 5
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_BOOT_STEP_S: Final = 600


def morning_after(moment: dt.datetime) -> dt.datetime:
    """The next eight o'clock at least five hours after ``moment`` (with a time zone, so that a change to summer time is no hour more or less)."""
    days = (moment + dt.timedelta(days=ahead) for ahead in range(3))
    mornings = (dt.datetime.combine(day.date(), dt.time(MORNING_HOUR)).astimezone(moment.tzinfo) for day in days)
    return next(morning for morning in mornings if morning - moment >= dt.timedelta(hours=_LEAST_HOURS))


if sys.platform == "linux":

    def _lasting() -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:

    def _lasting() -> float:
        return time.monotonic()


class RealClock:
    """`t4t.domain.clock.Clock` on the system's clocks."""

    def monotonic(self) -> float:
        """Seconds of the system's monotonic clock."""
        return time.monotonic()

    def lasting(self) -> float:
        """See `Clock.lasting`: Linux has a clock of its own for it, elsewhere the monotonic one goes on in sleep."""
        return _lasting()

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def morning(self) -> float:
        """See `Clock.morning`."""
        return morning_after(dt.datetime.now().astimezone()).timestamp()

    def offset_at(self, at: float) -> float:
        """See `WallClock.offset_at`; by the zone that the system has now, also where it is another one than at our start."""
        return float(time.localtime(at).tm_gmtoff)

    def boot(self) -> str:
        """Linux has an id; elsewhere the time of the start, rounded, for it moves a little with the clock."""
        if sys.platform == "linux" and _BOOT_ID.is_file():
            return _BOOT_ID.read_text(encoding="ascii").strip()
        return str(round(psutil.boot_time() / _BOOT_STEP_S))

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running event loop."""
        await asyncio.sleep(max(0.0, seconds))
