"""How long until the next try."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import FolderMissing, HostProcessLost, HypervisorMissing, MediumMissing, NotEnoughMemory, VmWrongState
from t4t.domain.patience import TRANSIENT_S, is_passing, wait_s


@given(failures=st.integers(1, 10_000))
def test_what_passes_is_tried_soon_then_less_often_and_never_given_up(failures: int) -> None:
    for error in (HostProcessLost(detail=""), VmWrongState(vm="x", state="y", command="z")):
        assert is_passing(error)
        assert wait_s(error, failures) == TRANSIENT_S[min(failures, len(TRANSIENT_S)) - 1]
        assert wait_s(error, failures) <= wait_s(error, failures + 1) <= 900


def test_by_kind() -> None:
    assert wait_s(NotEnoughMemory(needed_mib=1, free_mib=0), 7) == 60
    assert wait_s(HypervisorMissing(hypervisor="x"), 1) == 300
    assert wait_s(FolderMissing(path="x"), 1) == 300
    assert wait_s(MediumMissing(path="x"), 1) == 900
    assert not is_passing(MediumMissing(path="x"))
