"""The real clock."""

from __future__ import annotations

import asyncio
import time


class RealClock:
    """`t4t.domain.clock.Clock` on the system's monotonic clock."""

    def monotonic(self) -> float:
        """Seconds of the system's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running event loop."""
        await asyncio.sleep(max(0.0, seconds))
