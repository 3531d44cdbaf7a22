"""Where the system can't hold a process to a share of the processors."""

from __future__ import annotations


class Nothing:
    """Holds nobody."""

    async def limit(self, _pid: int, cores: float | None) -> bool:
        """Only no limit is ever in force."""
        return cores is None

    async def close(self) -> None:
        """There is nothing."""
