"""What the system itself holds a process to where its hypervisor does not: a scope of systemd on Linux, a job on Windows; nothing on macOS."""

from __future__ import annotations

import sys
from typing import Protocol


class Limiter(Protocol):
    """Holds processes to their limits."""

    async def limit(self, pid: int, cores: float | None) -> bool:
        """Let the process and all its threads have at most the time of so many processors; None: no limit any more. Whether that is in force now."""
        ...

    async def close(self) -> None:
        """Let go of everything; limits that are in force may stay."""
        ...


def limiter() -> Limiter:
    """The one of this system."""
    if sys.platform == "linux":
        from t4t.host.limiting.systemd import Scopes  # noqa: PLC0415 - this system's alone

        return Scopes()
    elif sys.platform == "win32":  # noqa: RET505 - mypy would call the rest unreachable
        from t4t.host.limiting.windows import Jobs  # noqa: PLC0415 - this system's alone

        return Jobs()
    else:
        from t4t.host.limiting.nothing import Nothing  # noqa: PLC0415 - this system's alone

        return Nothing()
