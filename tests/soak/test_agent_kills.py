"""A tenth of the soak's kills each time; the long run's log lies in ``docs/evidence``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soak.agent_kills import good, plan, play

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 10


@pytest.mark.qemu
@pytest.mark.timeout(280)
@pytest.mark.unmeasured
def test_ten_kills(tmp_path: Path, appliance_dir: Path) -> None:
    """Of one task; of more where it is done too quickly."""
    kills = 0
    for number in range(1, 6):
        entry = play(plan(1, number, blows=KILLS - kills, size=0.5, rest_s=1.0), tmp_path / str(number), appliance_dir)
        assert good(entry), entry
        kills += entry["kills"]
        if kills >= KILLS:
            return
    pytest.fail(f"only {kills} kills in five tasks")
