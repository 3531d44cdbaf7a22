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
