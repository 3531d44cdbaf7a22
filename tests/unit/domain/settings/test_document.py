"""What a settings file means, of any version, with anything in it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.settings_values import values_of_fields
from t4t.domain.settings.document import STEPS, VERSION_KEY, migrated, take, version_of
from t4t.domain.settings.tree import VERSION

FIXTURES = Path(__file__).parents[3] / "fixtures" / "settings"
WHAT_THEY_SAY = {
    1: {
        "resources.cores": 2,
        "resources.cap_percent": 50,
        "when.programs": ["doom"],
        "when.spans": [{"days": ["sat", "sun"], "start": "08:00", "end": "24:00", "does": "gentle"}],
    }
}


def nested(wanted: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {VERSION_KEY: VERSION}
    for path, value in wanted.items():
        section, _, name = path.partition(".")
        document.setdefault(section, {})[name] = value
    return document


def test_a_file_of_each_version_is_understood() -> None:
    """Whoever raises the version adds a step, and a file of the version that was."""
    assert set(STEPS) == set(range(1, VERSION))
    assert set(WHAT_THEY_SAY) == set(range(1, VERSION + 1))
    for version, said in WHAT_THEY_SAY.items():
        document = tomllib.loads((FIXTURES / f"version-{version}.toml").read_text())
        assert version_of(document) == version
        taken = take(migrated(document))
        assert (taken.values, taken.wrong) == (said, ())


def test_each_step_is_taken_once_and_in_order() -> None:
    def first(document: dict[str, Any]) -> None:
        document["b"] = document.pop("a")

    def second(document: dict[str, Any]) -> None:
        document["c"] = {"deep": document.pop("b")}

    before = {"a": [1]}
    assert migrated(before, steps={1: first, 2: second}, version=3) == {"c": {"deep": [1]}, VERSION_KEY: 3}
    assert migrated({VERSION_KEY: 2, "b": 5}, steps={2: second}, version=3) == {"c": {"deep": 5}, VERSION_KEY: 3}
    assert migrated({VERSION_KEY: 7, "b": 5}, steps={}, version=3) == {VERSION_KEY: 7, "b": 5}
    assert before == {"a": [1]}, "the document that was read stays as it was"


@given(values_of_fields())
def test_what_is_right_is_taken(wanted: dict[str, Any]) -> None:
    taken = take(nested(wanted))
    assert (taken.values, taken.wrong) == (wanted, ())


def test_what_is_wrong_is_named_and_the_rest_holds() -> None:
    document = {"resources": {"cores": 0, "tasks": 2, "other": 1}, "when": 3, "else": {}}
    taken = take(document)
    assert (taken.values, set(taken.wrong)) == ({"resources.tasks": 2}, {"resources.cores", "resources.other", "when", "else"})
    newer = take({VERSION_KEY: VERSION + 1} | document)
    assert newer.wrong == ("resources.cores",), "what a newer program has more than we is no mistake"


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(
    st.dictionaries(st.sampled_from(["version", "resources", "when", "x"]), st.dictionaries(st.sampled_from(["cores", "spans", "y"]), _ANYTHING) | _ANYTHING)
)
def test_nothing_that_a_file_can_hold_is_a_fault(document: dict[str, Any]) -> None:
    taken = take(migrated(document))
    assert set(taken.values) <= {"resources.cores", "when.spans"}
