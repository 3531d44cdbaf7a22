"""The words on settings: in English what the settings say of themselves, and in each language something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import catalogs
import pytest
from hypothesis import given

from support.settings_values import values_of_fields
from t4t.domain.language import Language
from t4t.domain.settings import fields
from t4t.domain.settings.fields import FIELDS, Kind
from t4t.domain.settings.meta import Effect
from t4t.wording import language, numbers
from t4t.wording import settings as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.domain.settings.fields import Field


@pytest.fixture
def german() -> Iterator[None]:
    language.speak(Language.GERMAN, catalogs.LOCALE)
    yield
    language.speak_english()


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.path)
def test_english_is_what_the_settings_say(field: Field) -> None:
    assert words.name(field) == field.text
    assert words.allowed(field) == field.allowed
    assert words.told(field, field.default) == fields.told(field, field.default)
    does, can_be, acts = words.explained(field, field.default)
    assert does == field.text
    assert field.allowed in can_be
    assert acts.startswith("A change acts ")


@given(values_of_fields())
def test_values_too(wanted: dict[str, object]) -> None:
    for path, value in wanted.items():
        assert words.told(FIELDS[path], value) == fields.told(FIELDS[path], value)


@pytest.mark.usefixtures("german")
def test_in_another_language() -> None:
    assert words.told(FIELDS["projects.buffer_days"], 1.5) == "1,5 Tage"
    assert words.told(FIELDS["when.hot_slow_c"], 0) == "nie"
    assert words.told(FIELDS["when.programs"], []) == "keine"
    assert words.allowed(FIELDS["when.hot_slow_c"]).endswith("oder 0 für: nie")
    assert all(words.allowed(field) != field.allowed for field in FIELDS.values() if field.kind is not Kind.CHOICE)
    assert words.effect(Effect.RESTART) == "wenn das Programm das nächste Mal startet"
    assert numbers.decimal(1234567.25, 1) == "1.234.567,2"
    assert numbers.short(0.25) == "0,25"
