"""The language of all that people read: chosen once in a process, and again when the volunteer chooses another; English until then.

A sentence is marked where it is made, by `gettext` or `ngettext` around it. A table that is made at import is marked by its type, in which `Marked` stands for
a text: it is translated where it is said, for the language may be chosen later. Codes, JSON documents, logs and reports stay English: they are for helpers and
programs. `packaging/locale/catalogs.py` collects what is marked.
"""

from __future__ import annotations

import contextlib
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from t4t.domain.language import Language
from t4t.wording import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)
Marked: TypeAlias = str
"""The type of a text in a table that is made at import: it is translated where it is said."""
FILE: Final = "LC_MESSAGES/t4t.po"


class Translations(Protocol):
    """What has a text in another language, or gives it back as it is."""

    def one(self, text: str) -> str:
        """The text."""
        ...

    def counted(self, singular: str, plural: str, count: int) -> str:
        """The text for so many."""
        ...


class _Spoken:
    """Of this process."""

    language = Language.ENGLISH
    translations: Translations = catalog.ENGLISH


_only_here: Final[ContextVar[Translations | None]] = ContextVar("translations", default=None)


def _now() -> Translations:
    return _only_here.get() or _Spoken.translations


def gettext(text: str) -> str:
    """``text`` in the language that is spoken."""
    return _now().one(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form for ``count`` in the language that is spoken."""
    return _now().counted(singular, plural, count)


def language() -> Language:
    """The one that is spoken."""
    return _Spoken.language


def speak(chosen: Language, folder: Path) -> None:
    """Speak ``chosen``, whose catalog is in ``folder``, in this process from now on; English where that can't be read, which is a fault of the build."""
    translations: Translations = catalog.ENGLISH
    if chosen is not Language.ENGLISH:
        try:
            translations = catalog.read((folder / chosen.value / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            _log.warning("the words of %s can't be read: %s", chosen.value, error)
            chosen = Language.ENGLISH
    _Spoken.language, _Spoken.translations = chosen, translations


def speak_english() -> None:
    """As it is before anything is chosen."""
    _Spoken.language, _Spoken.translations = Language.ENGLISH, catalog.ENGLISH


def speak_by(translations: Translations) -> None:
    """Speak what ``translations`` say: for tests of room and direction, which no real language needs."""
    _Spoken.translations = translations


@contextlib.contextmanager
def in_english() -> Iterator[None]:
    """English as long as this lasts, whatever is spoken elsewhere in the process: for what programs and helpers read."""
    token = _only_here.set(catalog.ENGLISH)
    try:
        yield
    finally:
        _only_here.reset(token)
