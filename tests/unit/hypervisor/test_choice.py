"""Which hypervisor a run takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from t4t.hypervisor.choice import AUTO, begun_with, chosen

if TYPE_CHECKING:
    from pathlib import Path

KINDS = st.sampled_from(["virtualbox", "qemu", "fake"])


@given(KINDS, st.none() | KINDS, st.booleans())
def test_a_wish_is_a_wish(wish: str, begun: str | None, virtualbox: bool) -> None:  # noqa: FBT001 - drawn
    assert chosen(wish, begun=begun, virtualbox=virtualbox) == wish


@given(KINDS, st.booleans())
def test_what_was_begun_goes_on_with_the_same(begun: str, virtualbox: bool) -> None:  # noqa: FBT001 - drawn
    assert chosen(AUTO, begun=begun, virtualbox=virtualbox) == begun


def test_virtualbox_only_with_hardware_virtualization() -> None:
    assert chosen(AUTO, begun=None, virtualbox=True) == "virtualbox"
    assert chosen(AUTO, begun=None, virtualbox=False) == "qemu"


def test_what_a_folder_was_begun_with(tmp_path: Path) -> None:
    assert begun_with(tmp_path) is None
    home = tmp_path / "vms" / "a"
    home.mkdir(parents=True)
    (home / "vm.json").write_text("{broken")
    assert begun_with(tmp_path) is None
    (home / "vm.json").write_text('{"owner": "me"}')
    assert begun_with(tmp_path) == "qemu"
    (home / "vm.json").write_text('{"owner": "me", "hypervisor": "virtualbox"}')
    assert begun_with(tmp_path) == "virtualbox"
