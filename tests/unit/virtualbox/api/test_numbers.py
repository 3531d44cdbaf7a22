"""The installed version's numbers for words, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtualbox import library

from t4t.domain.errors import HypervisorBroken
from t4t.domain.vm import VmState
from t4t.hypervisor.virtualbox import states
from t4t.hypervisor.virtualbox.api.numbers import Numbers, names, state_word

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORDED = json.loads((Path(__file__).resolve().parents[3] / "fixtures/vboxapi/7.2.22.json").read_text(encoding="utf-8"))["enumerations"]


class Recorded:
    """The enumerations of VirtualBox 7.2.22, as its own manager gives them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def all_values(self, kind: str, /) -> Mapping[str, int]:
        self.asked.append(kind)
        values: dict[str, int] = RECORDED.get(kind, {})
        return values


def test_aliases_of_ranges_are_no_names() -> None:
    found = names(RECORDED["MachineState"])
    assert found[6] == "Running"
    assert found[19] == "OnlineSnapshotting"
    assert found[9] == "Teleporting"
    assert found[23] == "Snapshotting"
    assert len(found) == 24


@given(st.dictionaries(st.sampled_from(["Running", "FirstOnline", "LastOnline", "Paused", "End", "Firstling", "Lasting"]), st.integers(0, 3)))
def test_each_number_has_one_name_and_an_alias_only_where_there_is_nothing_else(values: dict[str, int]) -> None:
    found = names(values)
    assert set(found) == set(values.values())
    for number, name in found.items():
        assert values[name] == number
        if name in {"FirstOnline", "LastOnline", "End"}:
            assert not {key for key, value in values.items() if value == number} - {"FirstOnline", "LastOnline", "End"}


def test_every_state_of_the_api_has_its_word() -> None:
    numbers = Numbers(Recorded())
    words = {numbers.name("MachineState", number): state_word(numbers.name("MachineState", number)) for number in range(1, 24)}
    assert {name for name, word in words.items() if not states.is_known(word)} == set()
    assert states.from_word(words["PoweredOff"]) is VmState.POWERED_OFF
    assert states.from_word(words["Stuck"]) is VmState.STUCK
    assert states.from_word(words["AbortedSaved"]) is VmState.ABORTED_SAVED
    assert states.from_word(words["DeletingSnapshotPaused"]) is VmState.PAUSED


def test_pyvboxes_own_numbers_are_other_ones() -> None:
    """The reason for this module."""
    assert RECORDED["MachineState"]["Running"] != int(library.MachineState.running)
    assert str(library.MachineState(RECORDED["MachineState"]["Running"])) == "Paused"


def test_numbers_are_read_once_a_kind() -> None:
    source = Recorded()
    numbers = Numbers(source)
    assert [numbers.number("LockType", name) for name in ("Shared", "Write")] == [1, 2]
    assert numbers.name("LockType", 1) == "Shared"
    assert numbers.name("LockType", 99) == "99"
    assert source.asked == ["LockType"]
    assert numbers.has("LockType", "VM")
    assert not numbers.has("NoSuchThing", "VM")
    with pytest.raises(HypervisorBroken, match="LockType_Weak"):
        numbers.number("LockType", "Weak")


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        ("StorageControllerType", "IntelAHCI", "IntelAhci"),
        ("StorageControllerType", "LSILogicSAS", "LsiLogicSas"),
        ("StorageControllerType", "virtio-scsi", "VirtioSCSI"),
        ("NetworkAdapterType", "virtio", "Virtio"),
        ("NetworkAdapterType", "Am79C973", "Am79C973"),
        ("NetworkAdapterType", "token ring", None),
    ],
)
def test_words_as_vboxmanage_takes_them(kind: str, written: str, meant: str | None) -> None:
    assert Numbers(Recorded()).same(kind, written) == meant
