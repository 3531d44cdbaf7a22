"""A tenth of the soak's kills each time, on one task; the long run's log lies in ``docs/evidence``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soak.agent_kills import good, plan, play

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.qemu
@pytest.mark.timeout(280)
def test_ten_kills_of_one_task(tmp_path: Path, appliance_dir: Path) -> None:
    entry = play(plan(1, 1, blows=12, size=0.7), tmp_path, appliance_dir)
    assert good(entry), entry
    assert entry["kills"] >= 10, entry
