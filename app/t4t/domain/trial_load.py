"""What is told while somebody tries how a load feels."""

from __future__ import annotations

from t4t.domain.record import record


@record(kw_only=True)
class Trying:
    """Seconds that are left, and how many processors' time was really used in the last one."""

    left_s: float
    busy_cores: float
