"""Everything goes wrong, by a seed, and nothing is lost: see `support.chaos`.

``T4T_CHAOS`` says how many schedules; ``make chaos`` adds to a thousand, ``make soak`` plays thousands.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from support.chaos import Chaos
from support.scratch import scratch

SCHEDULES = int(os.environ.get("T4T_CHAOS", "200"))
FIRST = int(os.environ.get("T4T_CHAOS_SEED", "1"))
GROUPS = 20


@pytest.mark.parametrize("group", [0, *(pytest.param(group, marks=pytest.mark.unmeasured) for group in range(1, GROUPS))])
async def test_chaos(group: int) -> None:
    for seed in range(FIRST + group, FIRST + SCHEDULES, GROUPS):
        with tempfile.TemporaryDirectory(dir=scratch(), prefix="t4t-chaos-") as folder:
            chaos = Chaos(Path(folder), seed)
            try:
                await chaos.play()
            except BaseException as error:
                error.add_note(f"seed {seed}: {chaos.log}")
                raise
