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


class _Speech:
    """One choice of a language. Its catalog is read when the first word is said: who says nothing has none in memory."""

    def __init__(self, language: Language, folder: Path | None = None, translations: Translations | None = None) -> None:
        self.language = language
        self._folder = folder
        self._translations = translations

    def translations(self) -> Translations:
        """English where the catalog can't be read, which is a fault of the build."""
        if self._translations is None:
            self._translations = self._read()
        return self._translations

    def _read(self) -> Translations:
        if self._folder is not None and self.language is not Language.ENGLISH:
            try:
                return catalog.read((self._folder / self.language.value / FILE).read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                _log.warning("the words of %s can't be read: %s", self.language.value, error)
        self.language = Language.ENGLISH
        return catalog.ENGLISH


class _Spoken:
    """Of this process."""

    speech = _Speech(Language.ENGLISH)


_only_here: Final[ContextVar[Translations | None]] = ContextVar("translations", default=None)


def _now() -> Translations:
    return _only_here.get() or _Spoken.speech.translations()


def gettext(text: str) -> str:
    """``text`` in the language that is spoken."""
    return _now().one(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form for ``count`` in the language that is spoken."""
    return _now().counted(singular, plural, count)


def language() -> Language:
    """The one that is spoken."""
    _Spoken.speech.translations()
    return _Spoken.speech.language


def speak(chosen: Language, folder: Path) -> None:
    """Speak ``chosen``, whose catalog is in ``folder``, in this process from now on."""
    _Spoken.speech = _Speech(chosen, folder)


def speak_english() -> None:
    """As it is before anything is chosen."""
    _Spoken.speech = _Speech(Language.ENGLISH)


def speak_by(translations: Translations) -> None:
    """Speak what ``translations`` say: for tests of room and direction, which no real language needs."""
    _Spoken.speech = _Speech(_Spoken.speech.language, translations=translations)


@contextlib.contextmanager
def in_english() -> Iterator[None]:
    """English as long as this lasts, whatever is spoken elsewhere in the process: for what programs and helpers read."""
    token = _only_here.set(catalog.ENGLISH)
    try:
        yield
    finally:
        _only_here.reset(token)
