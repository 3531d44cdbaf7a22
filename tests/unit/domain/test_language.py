"""Which language somebody gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.language import NAMES, SPOKEN, Language, spoken


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ((), Language.ENGLISH),
        (("de_CH.UTF-8",), Language.GERMAN),
        (("fr-CA", "en"), Language.FRENCH),
        (("pt_BR", "es_ES"), Language.SPANISH),
        (("C.UTF-8", "POSIX"), Language.ENGLISH),
        (("en_GB", "de"), Language.ENGLISH),
        (("IT",), Language.ITALIAN),
        (("", "_", "zz"), Language.ENGLISH),
        (("system",), Language.ENGLISH),
    ],
)
def test_the_first_wish_that_we_speak(wishes: tuple[str, ...], expected: Language) -> None:
    assert spoken(Language.SYSTEM, wishes) is expected


@given(st.sampled_from(SPOKEN), st.lists(st.text()))
def test_what_is_chosen_holds(chosen: Language, wishes: list[str]) -> None:
    assert spoken(chosen, wishes) is chosen
    assert spoken(Language.SYSTEM, wishes) in SPOKEN


def test_each_has_its_own_name() -> None:
    assert set(NAMES) == set(SPOKEN)
