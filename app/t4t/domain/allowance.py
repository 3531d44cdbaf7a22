"""The data volume that the volunteer allows for some days (BOINC's ``daily_xfer_limit_mb`` and ``daily_xfer_period_days``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from t4t.domain.project_errors import AllowanceUsed

DAY_S: Final = 86400.0
_MIB: Final = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Allowance:
    """Bytes by day (days since 1970, UTC), of which the last ``period_days`` count; a limit or period of 0 means no limit."""

    limit_mib: float = 0.0
    period_days: int = 0
    used: dict[int, int] = field(default_factory=dict)
    received: int = 0
    sent: int = 0
    """Since the program began, whatever the limit."""

    def _day(self, now: float) -> int:
        return int(now // DAY_S)

    def left(self, now: float) -> float:
        """Bytes that may still go at Unix time ``now``; infinite without a limit."""
        if self.limit_mib <= 0 or self.period_days <= 0:
            return float("inf")
        today = self._day(now)
        used = sum(amount for day, amount in self.used.items() if today - self.period_days < day <= today)
        return max(0.0, self.limit_mib * _MIB - used)

    def check(self, now: float) -> None:
        """Raise `AllowanceUsed` if nothing is left."""
        if self.left(now) <= 0:
            raise AllowanceUsed(limit_mib=int(self.limit_mib), days=self.period_days)

    def note(self, now: float, amount: int, *, up: bool = False) -> None:
        """Count ``amount`` bytes that came, or went ``up``; days that can't matter any more are forgotten."""
        self.received, self.sent = self.received + (0 if up else amount), self.sent + (amount if up else 0)
        today = self._day(now)
        self.used[today] = self.used.get(today, 0) + amount
        for day in [day for day in self.used if day <= today - max(1, self.period_days)]:
            del self.used[day]
