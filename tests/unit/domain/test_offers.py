"""What presets come to on a computer."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.offers import offers
from t4t.domain.settings.presets import CHOICES, Computer, Preset
from t4t.domain.settings.tree import Response

COMPUTERS = st.builds(
    Computer,
    cores=st.integers(0, 512),
    memory_bytes=st.none() | st.integers(1 << 28, 1 << 42),
    disk_bytes=st.none() | st.integers(1 << 30, 1 << 46),
    battery=st.booleans(),
)


@given(COMPUTERS, st.integers(0, 512), st.text(max_size=30))
def test_more_is_never_less(computer: Computer, real_cores: int, processor: str) -> None:
    found = offers(computer, real_cores=real_cores, processor=processor)
    assert [one.preset for one in found] == list(CHOICES)
    assert sum(one.suggested for one in found) == 1
    for less, more in itertools.pairwise(found):
        assert less.cores <= more.cores <= more.of_cores
        assert less.watts <= more.watts
        assert less.kwh_a_month <= more.kwh_a_month
        assert less.disk_gib <= more.disk_gib
    assert all(one.watts > 0 for one in found)


def test_figures_of_a_usual_computer() -> None:
    balanced = offers(Computer(cores=12, memory_bytes=16 << 30, disk_bytes=500 << 30), real_cores=6, processor="Intel(R) Core(TM) i5-10400 CPU @ 2.90GHz")[1]
    assert (balanced.preset, balanced.cores, balanced.of_cores, balanced.in_use, balanced.suggested) == (Preset.BALANCED, 3, 12, Response.GENTLE, True)
    assert round(balanced.watts, 1) == 16.2  # a quarter of 6 cores with 10.8 W each
    assert round(balanced.kwh_a_month, 2) == 2.92
