"""What the sensors' values say together."""

from __future__ import annotations

import pytest

from t4t.domain.readings import Readings


@pytest.mark.parametrize(
    ("readings", "used"),
    [
        (Readings(), None),
        (Readings(locked=False), None),
        (Readings(idle_s=299.9), True),
        (Readings(idle_s=300.0), False),
        (Readings(idle_s=0.0, locked=True), False),
        (Readings(idle_s=4000.0, locked=True, remote=True), True),
        (Readings(idle_s=4000.0, remote=False), False),
    ],
)
def test_somebody_uses_it(readings: Readings, used: bool | None) -> None:
    assert readings.in_use(away_after_s=300.0) is used


def test_a_remote_user_may_be_told_not_to_count() -> None:
    assert Readings(remote=True).in_use(away_after_s=300.0, remote_counts=False) is None
    assert Readings(remote=True, idle_s=1.0).in_use(away_after_s=300.0, remote_counts=False) is True
