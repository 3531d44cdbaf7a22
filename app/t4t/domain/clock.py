"""The clock as a value that is handed in, so that days pass in milliseconds in tests."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can be slept on; seconds."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back, and goes on while the computer sleeps or not as the system likes."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; 0 or less gives other tasks a turn."""
        ...


class WallClock(Clock, Protocol):
    """The clock on the wall as well, and what belongs to it."""

    def lasting(self) -> float:
        """As `monotonic`, and goes on while the computer sleeps wherever the system can tell."""
        ...

    def wall(self) -> float:
        """Seconds since 1970 by the clock on the wall, which anybody may set."""
        ...

    def morning(self) -> float:
        """The wall's next eight o'clock that is at least five hours away: at one in the morning "tomorrow" is the morning that comes."""
        ...

    def offset_at(self, at: float) -> float:
        """How many seconds local time is east of UTC at ``at``, which may be long ago or to come: daylight-saving time is the system's word."""
        ...

    def boot(self) -> str:
        """Tells one run of the computer from the next."""
        ...
