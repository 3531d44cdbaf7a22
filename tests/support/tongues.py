"""Languages for tests and pictures: the program's own, and two that nobody speaks which show where room is short, or a side is taken for granted."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from t4t.domain.language import Language
from t4t.storage.resources import resource_folder
from t4t.wording import catalog, language

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCENTS: Final = str.maketrans("aeiouyAEIOUYncsz", "áêïöûýÅÉÎÖÜÝñçšž")
_FIELD: Final = re.compile(r"(\{[^{}]*\})")
_SHAPES: Final = frozenset({"1,234.5", "{year}-{month}-{day}", "{year}-{month}", "{month}-{day}"})
_WORD: Final = " ôþęr"
_LONGER: Final = 0.4
"""As much as translations of short texts are longer than English ones."""


@dataclass(frozen=True, slots=True)
class Pseudo:
    """See `t4t.wording.language.Translations`: English that is longer, with accents above its letters."""

    def one(self, text: str) -> str:
        """The text."""
        if text in _SHAPES or not text.strip():
            return text
        parts = (part if part.startswith("{") else part.translate(_ACCENTS) for part in _FIELD.split(text))
        body = "".join(parts)
        end = len(body) - len(body.rstrip())
        more = _WORD * max(1, round(len(text) * _LONGER / len(_WORD)))
        return body[: len(body) - end] + more + body[len(body) - end :]

    def counted(self, singular: str, plural: str, count: int) -> str:
        """The text for so many."""
        return self.one(catalog.ENGLISH.counted(singular, plural, count))


def speak(name: str) -> None:
    """``de`` and so on; ``pseudo``; ``rtl``, which is that from right to left."""
    if name in {"pseudo", "rtl"}:
        language.speak_by(Pseudo())
    else:
        language.speak(Language(name), resource_folder("locale"))
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.setLayoutDirection(Qt.LayoutDirection.RightToLeft if name == "rtl" else Qt.LayoutDirection.LeftToRight)


@contextlib.contextmanager
def spoken(name: str) -> Iterator[None]:
    """It is, as long as this lasts; English afterwards."""
    speak(name)
    try:
        yield
    finally:
        speak("en")
