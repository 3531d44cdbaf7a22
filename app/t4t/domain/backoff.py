"""How long to wait after failures: BOINC's rules, so that many clients don't come back to a project's servers at once."""

from __future__ import annotations

from typing import Final

from t4t.domain.record import record

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0


@record(kw_only=True)
class Backoff:
    """Seconds after the n-th failure in a row: ``least`` doubled n times, at most ``most``, and a chance of half of it to all of it."""

    least: float
    most: float
    cap: int = 30

    def seconds(self, failures: int, chance: float) -> float:
        """``chance`` is uniform from 0 to 1."""
        whole = min(self.most, self.least * 2.0 ** max(0, min(failures, self.cap)))
        return whole * (0.5 + 0.5 * chance)


SCHEDULER: Final = Backoff(least=MINUTE, most=4 * HOUR, cap=10)
TRANSFER: Final = Backoff(least=2 * MINUTE, most=6 * HOUR)
MASTER_FAILURES: Final = 10
"""After so many failed requests in a row the project's page is read again: the scheduler may have moved."""
MASTER_TRIES: Final = 3
"""After so many failed readings of the page in a row, one a day."""
TRANSFER_GIVE_UP: Final = 90 * DAY
COMMON_AFTER: Final = 3
"""After so many failed transfers in a row the project's other transfers of that direction wait too."""
_WORK_LEAST: Final = 600.0
_WORK_MOST: Final = DAY


def work_interval(before: float) -> float:
    """Seconds (without chance) until work is asked for again after a reply without any: 600, doubled each time, at most a day."""
    return min(_WORK_MOST, max(_WORK_LEAST, 2.0 * before))


def work_pause(interval: float, chance: float) -> float:
    """``interval`` times 0.5 to 1.5."""
    return interval * (0.5 + chance)
