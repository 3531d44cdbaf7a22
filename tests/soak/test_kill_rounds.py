"""A few of the soak's rounds each time; the long run's log lies in ``docs/evidence``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from soak.kill_rounds import plan, play

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.qemu
@pytest.mark.timeout(280)
@pytest.mark.unmeasured
def test_a_round(tmp_path: Path, appliance_dir: Path) -> None:
    entry = play(plan(1, 1), tmp_path, appliance_dir)
    assert entry["equal"], entry
    assert entry["leftover_processes"] == 0
