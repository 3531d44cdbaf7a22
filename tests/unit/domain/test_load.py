"""Whose the load is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.load import Look, Shares, plain_name, running, shares

VM, AGENT = (100, 1.0), (200, 2.0)


def test_a_vm_at_full_load_is_not_somebody_elses_work() -> None:
    before = Look(total=100.0, busy=50.0, ours={VM: 40.0, AGENT: 1.0})
    now = Look(total=120.0, busy=70.0, ours={VM: 59.5, AGENT: 1.0})
    assert shares(before, now) == Shares(others=2.5, ours=97.5)


def test_a_new_vm_counts_from_its_birth() -> None:
    assert shares(Look(total=0.0, busy=0.0), Look(total=10.0, busy=8.0, ours={VM: 5.0})) == Shares(others=30.0, ours=50.0)


def test_of_a_vm_that_ended_nothing_is_said() -> None:
    assert shares(Look(total=0.0, busy=0.0, ours={VM: 5.0}), Look(total=10.0, busy=10.0)) is None
    assert shares(Look(total=0.0, busy=0.0, ours={VM: 5.0}), Look(total=10.0, busy=10.0, ours={(100, 7.0): 1.0})) is None


def test_of_a_vm_that_turns_out_to_be_ours_nothing_is_said_at_first() -> None:
    before, now = Look(at=50.0, total=0.0, busy=0.0), Look(at=60.0, total=20.0, busy=10.0, ours={VM: 900.0})
    assert shares(before, now) is None
    assert shares(now, Look(at=70.0, total=40.0, busy=20.0, ours={VM: 905.0})) == Shares(others=25.0, ours=25.0)


def test_two_looks_that_are_too_near_say_nothing() -> None:
    assert shares(Look(total=10.0, busy=1.0), Look(total=10.4, busy=1.4)) is None


@given(
    total=st.floats(0.5, 1e6),
    busy=st.floats(-10, 1e6),
    before=st.dictionaries(st.sampled_from([VM, AGENT]), st.floats(0, 1e6)),
    more=st.floats(-1, 1e6),
)
def test_shares_are_percentages(total: float, busy: float, before: dict[tuple[int, float], float], more: float) -> None:
    found = shares(Look(total=0.0, busy=0.0, ours=before), Look(total=total, busy=busy, ours={process: used + more for process, used in before.items()}))
    assert found is not None
    assert 0.0 <= found.others <= 100.0
    assert 0.0 <= found.ours <= 100.0


@given(ours=st.lists(st.floats(0, 2.0), max_size=6), others=st.floats(0, 8.0))
def test_what_is_ours_is_never_others(ours: list[float], others: float) -> None:
    processes = {(number, 0.0): used for number, used in enumerate(ours)}
    found = shares(Look(total=0.0, busy=0.0, ours=dict.fromkeys(processes, 0.0)), Look(total=20.0, busy=sum(ours) + others, ours=processes))
    assert found is not None
    assert found.others == pytest.approx(5.0 * others, abs=1e-6)


def test_names_are_compared_plainly() -> None:
    names = {plain_name(name) for name in ("Blender", "C:\\Games\\Chess.EXE", "gnome-software-", "Final Cut.app")}
    assert running(["blender", "chess.exe", "/usr/bin/gnome-software-centre", "Final Cut", "vlc", " "], names) == {
        "blender",
        "chess.exe",
        "/usr/bin/gnome-software-centre",
        "Final Cut",
    }
