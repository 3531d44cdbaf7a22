"""A catalog of translations as translators keep it (``.po``), read without a step in between: what is in the repository is what is shown.

Read is what our own tool writes (`packaging/locale/catalogs.py`): texts of one or several quoted lines, plural forms, comments. Its check makes sure of that.
"""

from __future__ import annotations

import re
from dataclasses import field
from gettext import c2py
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINE: Final = re.compile(r'(?:(msgid|msgid_plural|msgstr)(?:\[(\d)\])? )?(".*")')
_PLURALS: Final = re.compile(r"Plural-Forms: nplurals=\d; plural=([^;]+);")


def _germanic(count: int) -> int:
    return int(count != 1)


@record
class Catalog:
    """See `t4t.wording.language.Translations`. What it does not have stays English."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By the English text, or its singular: the forms."""
    form: Callable[[int], int] = _germanic
    """Which of its forms a number takes."""

    def one(self, text: str) -> str:
        """The text."""
        return self.texts.get(text, (text,))[0]

    def counted(self, singular: str, plural: str, count: int) -> str:
        """The text for so many."""
        forms = self.texts.get(singular)
        return (singular, plural)[_germanic(count)] if forms is None else forms[min(self.form(count), len(forms) - 1)]


ENGLISH: Final = Catalog()


def read(text: str) -> Catalog:
    """The catalog in ``text``; raises ``ValueError`` where that is none."""
    texts: dict[str, tuple[str, ...]] = {}
    form: Callable[[int], int] = _germanic
    for entry in _entries(text):
        forms = tuple(entry[key] for key in sorted(key for key in entry if key.startswith("msgstr")))
        if not entry.get("msgid"):
            found = _PLURALS.search("".join(forms))
            form = c2py(found[1]) if found else form
        elif forms and all(forms):
            texts[entry["msgid"]] = forms
    if not texts:
        raise ValueError("there are no translations in it")
    return Catalog(texts, form)


def _entries(text: str) -> Iterator[dict[str, str]]:
    """Each with its parts: ``msgid``, ``msgstr``, for plurals ``msgstr0`` and so on."""
    entry: dict[str, str] = {}
    part = ""
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            if line and not line.startswith("#"):
                raise ValueError(f"this is no line of a catalog: {line[:80]}")
            continue
        keyword, number, quoted = found.groups()
        if keyword == "msgid":
            if entry:
                yield entry
            entry = {}
        if keyword:
            part = keyword + (number or "")
        entry[part] = entry.get(part, "") + _unquoted(quoted)
    if entry:
        yield entry


def _unquoted(quoted: str) -> str:
    """Its escapes are among those of JSON."""
    try:
        return msgspec.json.decode(quoted, type=str)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
