"""Room on the disk: what has begun keeps what it will need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.disk_room import DiskUse, wanted_bytes

SIZES = st.integers(0, 1 << 40)
MACHINES = st.dictionaries(st.sampled_from("abcd"), SIZES)


@given(SIZES, MACHINES, MACHINES, SIZES)
def test_room_is_kept_for_what_has_begun(total: int, there: dict[str, int], begun: dict[str, int], following: int) -> None:
    use = DiskUse(total=total + sum(there.values()), machines=there)
    wanted = wanted_bytes(use, begun, following)
    assert wanted >= use.total + following
    grown = {machine: max(there.get(machine, 0), begun.get(machine, 0)) for machine in {*there, *begun}}
    assert wanted == total + sum(grown.values()) + following
    later = DiskUse(total=total + sum(grown.values()), machines=grown)
    assert wanted_bytes(later, begun, following) == wanted  # to take what was kept changes nothing: so it never flaps


def test_nothing_waits_and_nothing_has_begun() -> None:
    assert wanted_bytes(DiskUse(total=7), {}, 0) == 7
