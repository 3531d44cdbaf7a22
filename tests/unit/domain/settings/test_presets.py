"""Presets on computers of all sizes: in order, within what the computer has, and honest on a small one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.settings.derived import decisions
from t4t.domain.settings.fields import put
from t4t.domain.settings.presets import CHOICES, Computer, Preset, fresh, preset_of, suggested, values_of
from t4t.domain.settings.tree import Tree

GIB = 1 << 30
COMPUTERS = st.builds(
    Computer,
    cores=st.integers(1, 512),
    memory_bytes=st.none() | st.integers(GIB // 2, 4096 * GIB),
    disk_bytes=st.none() | st.integers(GIB, 100_000 * GIB),
    battery=st.booleans(),
)
SMALL = Computer(cores=2, memory_bytes=4 * GIB, disk_bytes=64 * GIB)


@given(COMPUTERS)
def test_each_preset_is_a_tree_and_found_again(computer: Computer) -> None:
    for preset in CHOICES:
        tree = put(Tree(), values_of(preset, computer))
        assert preset_of(tree, computer) is preset
        assert 1 <= tree.resources.cores <= max(1, computer.cores - 1)
    assert preset_of(fresh(computer), computer) is suggested(computer)


@given(COMPUTERS)
def test_presets_give_more_and_more(computer: Computer) -> None:
    gentle, balanced, everything = (values_of(preset, computer) for preset in CHOICES)
    for path in ("resources.cores", "resources.disk_max_gib"):
        assert gentle[path] <= balanced[path] <= everything[path]
    assert [one["when.in_use"] for one in (gentle, balanced, everything)] == ["pause", "gentle", "go-on"]


@given(COMPUTERS)
def test_the_memory_that_must_stay_free_leaves_some_to_use(computer: Computer) -> None:
    free = values_of(Preset.BALANCED, computer)["resources.memory_free_mib"]
    assert free <= 2048
    if computer.memory_bytes is not None:
        assert free << 20 <= computer.memory_bytes // 4


def test_a_small_computer() -> None:
    """2 cores, 4 GB: one core in each preset, and 1 GiB stays free, so that one machine of 1 GB has its place."""
    assert suggested(SMALL) is Preset.GENTLE
    for preset in CHOICES:
        values = values_of(preset, SMALL)
        assert (values["resources.cores"], values["resources.memory_free_mib"], values["resources.tasks"]) == (1, 1024, 1)
    assert [values_of(preset, SMALL)["resources.disk_max_gib"] for preset in CHOICES] == [12.0, 16.0, 16.0]


@pytest.mark.parametrize(
    ("computer", "preset"),
    [
        (Computer(cores=4, memory_bytes=64 * GIB), Preset.GENTLE),
        (Computer(cores=8, memory_bytes=8 * GIB), Preset.GENTLE),
        (Computer(cores=8, memory_bytes=16 * GIB, battery=True), Preset.GENTLE),
        (Computer(cores=8, memory_bytes=16 * GIB), Preset.BALANCED),
        (Computer(cores=8), Preset.BALANCED),
    ],
)
def test_what_is_suggested(computer: Computer, preset: Preset) -> None:
    assert suggested(computer) is preset


def test_eight_cores() -> None:
    cores = [values_of(preset, Computer(cores=8))["resources.cores"] for preset in CHOICES]
    assert cores == [1, 2, 6]


@pytest.mark.parametrize("change", [{"resources.cores": 2}, {"when.in_use": "one-core"}, {"resources.cap_percent": 99}])
def test_anything_else_is_custom(change: dict[str, Any]) -> None:
    assert preset_of(put(fresh(SMALL), change), SMALL) is Preset.CUSTOM
    assert values_of(Preset.CUSTOM, SMALL) == {}


def test_a_setting_that_is_no_presets_business_changes_none() -> None:
    assert preset_of(put(fresh(SMALL), {"when.programs": ["doom"], "resources.checkpoint_min": 5}), SMALL) is Preset.GENTLE


def test_what_decisions_get() -> None:
    found = decisions(put(Tree(), {"resources.save_after_min": 2, "resources.disk_free_gib": 3, "resources.checkpoint_min": 1, "when.gentle_percent": 30}))
    assert (found.pause_grace_s, found.min_free_bytes, found.checkpoint_s, found.gentle_percent, found.tasks) == (120.0, 3 * GIB, 60.0, 30, 1)
