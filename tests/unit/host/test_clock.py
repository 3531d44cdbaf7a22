"""The real clock, and what "tomorrow" means."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

import pytest

from t4t.host.clock import RealClock, morning_after


@pytest.mark.parametrize(
    ("moment", "morning"),
    [
        ("2026-03-10 12:00", "2026-03-11 08:00"),
        ("2026-03-10 23:59", "2026-03-11 08:00"),
        ("2026-03-10 01:00", "2026-03-10 08:00"),
        ("2026-03-10 03:01", "2026-03-11 08:00"),
    ],
)
def test_tomorrow_is_the_morning_that_comes(moment: str, morning: str) -> None:
    assert morning_after(dt.datetime.fromisoformat(moment).astimezone()) == dt.datetime.fromisoformat(morning).astimezone()


def test_a_night_that_is_an_hour_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Zurich")
    time.tzset()
    try:
        evening = dt.datetime(2026, 3, 28, 20, tzinfo=ZoneInfo("Europe/Zurich"))
        assert (morning_after(evening.astimezone()) - evening.astimezone()) == dt.timedelta(hours=11)
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_the_real_clock() -> None:
    clock = RealClock()
    assert clock.lasting() - clock.monotonic() > -0.1
    assert abs(clock.wall() - time.time()) < 60
    assert 5 * 3600 - 60 <= clock.morning() - clock.wall() <= 30 * 3600
    assert clock.boot() == RealClock().boot() != ""
    before = clock.monotonic()
    await clock.sleep(-1)
    await clock.sleep(0.001)
    assert clock.monotonic() > before
