"""What a VM gets at each level."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.limits import Limits, as_booted, cap_for, limits_at
from t4t.domain.policy import Level, holds_still

GIVEN = st.builds(Limits, cores=st.integers(1, 64), cap_percent=st.integers(1, 100))


@given(level=st.sampled_from(Level), given_=GIVEN, gentle=st.integers(1, 100), cores=st.integers(0, 64))
def test_never_more_than_is_given(level: Level, given_: Limits, gentle: int, cores: int) -> None:
    limits = limits_at(level, given_, gentle_percent=gentle)
    assert 1 <= limits.cores <= given_.cores
    assert 1 <= limits.cap_percent <= given_.cap_percent
    cap = cap_for(limits, cores)
    assert 1 <= cap <= limits.cap_percent
    assert cap * cores <= max(cores, limits.cores * limits.cap_percent), "one percent of each core is the least"
    if holds_still(level) or level is Level.FULL:
        assert limits == given_


def test_examples() -> None:
    given_ = Limits(cores=4, cap_percent=80)
    assert limits_at(Level.GENTLE, given_, gentle_percent=50) == Limits(cores=4, cap_percent=40)
    one = limits_at(Level.ONE_CORE, given_, gentle_percent=50)
    assert one == Limits(cores=1, cap_percent=80)
    assert (cap_for(one, 4), cap_for(one, 1), cap_for(given_, 1), cap_for(given_, 4)) == (20, 80, 80, 80)


@given(level=st.sampled_from(Level), given_=GIVEN, gentle=st.integers(1, 100))
def test_a_machine_is_booted_with_cores_that_it_can_be_given_back(level: Level, given_: Limits, gentle: int) -> None:
    limits = limits_at(level, given_, gentle_percent=gentle)
    booted = as_booted(limits, given_.cores, can_cap=True)
    assert booted == Limits(cores=given_.cores, cap_percent=cap_for(limits, given_.cores))
    assert cap_for(given_, booted.cores) == given_.cap_percent, "and with the cap that is given it has everything"
    assert as_booted(limits, given_.cores, can_cap=False) == limits
