"""The tree as data: nothing is without words, ranges hold, and what a person types means what the tree says."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.settings_values import values_of_fields
from t4t.domain.settings import fields
from t4t.domain.settings.fields import FIELDS, SECTIONS, Field, Kind, checked, differences, field_of, get, put, read, told, values
from t4t.domain.settings.tree import Response, Tree
from t4t.domain.settings_errors import SettingRefused, SettingUnknown


def test_every_field_has_its_words() -> None:
    assert len(FIELDS) > 40
    assert set(SECTIONS) == {field.section for field in FIELDS.values()} == set(Tree.__struct_fields__)
    for field in FIELDS.values():
        assert field.text.endswith(".")
        assert "\n" not in field.text
        assert field.allowed
        assert told(field, field.default)
        assert (field.low is None) == (field.kind not in {Kind.WHOLE, Kind.NUMBER})
        assert (field.kind is Kind.CHOICE) == bool(field.choices)
        assert field.least is None or field.zero, "what is least is least beside 0"


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.path)
def test_the_default_can_be_right(field: Field) -> None:
    assert checked(field.path, field.default) == field.default
    assert get(Tree(), field.path) == field.default


@given(values_of_fields())
def test_what_is_put_into_the_tree_is_in_it_and_nothing_else_changes(wanted: dict[str, object]) -> None:
    tree = put(Tree(), wanted)
    assert values(tree) == values(Tree()) | wanted
    assert set(differences(Tree(), tree)) == {path for path, value in wanted.items() if value != FIELDS[path].default}
    assert msgspec.convert(msgspec.to_builtins(tree), Tree) == tree


@given(values_of_fields())
def test_what_is_told_can_be_read_again(wanted: dict[str, object]) -> None:
    for path, value in wanted.items():
        field = FIELDS[path]
        if value == [] or (field.zero and value == 0):
            continue  # told in words
        assert read(path, told(field, value)) == value


@pytest.mark.parametrize("field", [field for field in FIELDS.values() if field.low is not None], ids=lambda field: field.path)
def test_ranges_hold(field: Field) -> None:
    assert field.low is not None
    assert field.high is not None
    kind = int if field.kind is Kind.WHOLE else float
    for fine in (field.low, field.high):
        assert read(field.path, f"{fine:.15g} {field.unit}") == kind(fine)
    for wrong in ("", "x", "nan", "-1e9", f"{field.high + 1:.15g}", f"{field.low - 1:.15g}", "1e400"):
        with pytest.raises(SettingRefused):
            read(field.path, wrong)
    if field.least is not None and field.least > 1:
        with pytest.raises(SettingRefused):
            checked(field.path, kind(field.least - 1))


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("when.in_use", "One_Core", "one-core"),
        ("when.schedule", "ON", True),
        ("when.schedule", "0", False),
        ("when.programs", " doom ,, blender", ["doom", "blender"]),
        ("when.programs", "", []),
        ("when.cheap_hours", '[{"start": "22:00", "end": "06:00", "days": ["mon"]}]', [{"start": "22:00", "end": "06:00", "days": ["mon"]}]),
        ("when.spans", "", []),
        ("energy.currency", "CHF", "CHF"),
        ("cap_percent", "50%", 50),
        ("resources.memory_mib", "0", 0),
    ],
)
def test_what_a_person_types(path: str, text: str, value: object) -> None:
    assert read(path, text) == value


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("when.in_use", "sometimes"),
        ("when.schedule", "perhaps"),
        ("when.spans", "{"),
        ("when.spans", '[{"start": "25:00"}]'),
        ("when.spans", '[{"start": "8:00"}]'),
        ("when.programs", "a\x1bb"),
        ("when.programs", ",".join(f"p{number}" for number in range(101))),
        ("energy.currency", "x" * 201),
        ("energy.currency", "a\nb"),
        ("resources.cores", "1.5"),
        ("resources.memory_mib", "64"),
    ],
)
def test_what_can_not_be_right_is_refused_with_what_can(path: str, text: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        read(path, text)
    assert caught.value.name == path
    assert caught.value.allowed == FIELDS[path].allowed
    assert len(caught.value.value) <= 200


@pytest.mark.parametrize("value", [None, True, "2", [], {}, 2.5])
def test_plain_data_of_another_kind_is_refused(value: object) -> None:
    with pytest.raises(SettingRefused):
        checked("resources.cores", value)


def test_names() -> None:
    assert field_of("cores") is FIELDS["resources.cores"]
    with pytest.raises(SettingUnknown) as caught:
        field_of("corse")
    assert caught.value.near == "resources.cores"
    with pytest.raises(SettingUnknown) as caught:
        field_of("x" * 999)
    assert (caught.value.near, len(caught.value.name)) == ("–", 200)


def test_a_name_that_two_sections_have_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fields.FIELDS, "sleep.cores", replace(FIELDS["resources.cores"], path="sleep.cores"))
    with pytest.raises(SettingUnknown) as caught:
        field_of("cores")
    assert caught.value.near == "resources.cores, sleep.cores"


def test_values_for_people() -> None:
    assert told(FIELDS["when.programs"], []) == "none"
    assert told(FIELDS["when.spans"], []) == "none"
    assert told(FIELDS["when.spans"], [{"a": 1}]) == '[{"a":1}]'
    assert told(FIELDS["transfers.metered"], value=True) == "yes"
    assert told(FIELDS["transfers.down_kib_s"], 0.0) == "no limit"
    assert told(FIELDS["when.in_use"], Response.PAUSE.value) == "pause"


def test_only_what_is_described_is_a_setting() -> None:
    class Bare(msgspec.Struct):
        name: str = ""

    with pytest.raises(TypeError):
        fields._inspected(int)
    with pytest.raises(TypeError):
        list(fields._fields_of("bare", Bare))


@given(st.text())
def test_no_text_but_is_read_or_refused(text: str) -> None:
    for path in ("when.spans", "when.programs", "resources.cores", "sleep.resume_after_s", "when.schedule", "energy.currency", "when.in_use"):
        try:
            value = read(path, text)
        except SettingRefused:
            continue
        assert get(put(Tree(), {path: value}), path) == value
