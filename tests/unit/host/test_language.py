"""What the system says of its person's languages."""

from __future__ import annotations

import pytest

from t4t.host.language import wishes


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ()),
        ({"LANG": "de_DE.UTF-8"}, ("de_DE.UTF-8",)),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_FR"}, ("fr_FR",)),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "it_IT", "LC_MESSAGES": "fr_FR"}, ("it_IT",)),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "es:fr"}, ("es", "fr", "de_DE.UTF-8")),
        ({"LANG": "", "LANGUAGE": ""}, ()),
    ],
)
def test_the_environment_first(environment: dict[str, str], expected: tuple[str, ...]) -> None:
    assert wishes(environment)[: len(expected)] == expected
