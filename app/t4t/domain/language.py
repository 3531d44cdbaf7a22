"""The languages that the program speaks, and which of them somebody gets."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


class Language(enum.Enum):
    """What can be chosen; the values are ISO 639's own, and those of the guest's pages."""

    SYSTEM = "system"
    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"
    SPANISH = "es"
    ITALIAN = "it"


SPOKEN: Final = tuple(language for language in Language if language is not Language.SYSTEM)
NAMES: Final = {
    Language.ENGLISH: "English",
    Language.GERMAN: "Deutsch",
    Language.FRENCH: "Français",
    Language.SPANISH: "Español",
    Language.ITALIAN: "Italiano",
}
"""What each calls itself, in whatever language the rest is: who looks for theirs may not know another word on the screen."""
_FIRST: Final = re.compile(r"[A-Za-z]+")


def spoken(chosen: Language, wishes: Iterable[str] = ()) -> Language:
    """``chosen``; for the system's the first of ``wishes`` (tags such as ``de_CH.UTF-8`` or ``fr-CA``) that we speak, and English if there is none."""
    if chosen is not Language.SYSTEM:
        return chosen
    known = {language.value: language for language in SPOKEN}
    first = (found[0].lower() for wish in wishes if (found := _FIRST.match(wish)))
    return next((known[name] for name in first if name in known), Language.ENGLISH)
