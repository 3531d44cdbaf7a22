"""The three clocks of `t4t.domain.clocks`, read from this system."""

from __future__ import annotations

import sys
import time

from t4t.domain.clocks import Reading

if sys.platform == "win32":
    import ctypes

    def _awake_and_elapsed() -> tuple[float, float]:
        """Unbiased interrupt time does not count sleep; Python's monotonic clock does here."""
        ticks = ctypes.c_ulonglong()
        ctypes.windll.kernel32.QueryUnbiasedInterruptTime(ctypes.byref(ticks))
        return ticks.value / 1e7, time.monotonic()

    def _read_zone_again() -> None:
        """Windows' C library asks the system each time."""

elif sys.platform == "darwin":

    def _awake_and_elapsed() -> tuple[float, float]:
        """Here the clock named monotonic goes on during sleep."""
        return time.clock_gettime(time.CLOCK_UPTIME_RAW), time.clock_gettime(time.CLOCK_MONOTONIC)

    def _read_zone_again() -> None:
        time.tzset()

else:

    def _awake_and_elapsed() -> tuple[float, float]:
        """Here the clock named monotonic stands still during sleep."""
        return time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(time.CLOCK_BOOTTIME)

    def _read_zone_again() -> None:
        """Without it a process keeps the zone of its start."""
        time.tzset()


def read() -> Reading:
    """The clocks now."""
    _read_zone_again()
    awake, elapsed = _awake_and_elapsed()
    wall = time.time()
    return Reading(awake_s=awake, elapsed_s=elapsed, wall_s=wall, offset_s=time.localtime(wall).tm_gmtoff)
