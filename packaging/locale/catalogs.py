"""Bring the catalogs of ``resources/locale`` up to date with the program's texts.

With ``--check``: 1 if one is not, or has a fault that can be found without reading.
"""

from __future__ import annotations

import io
import re
import string
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po
from messages import messages

from t4t.domain.language import SPOKEN, Language
from t4t.wording.language import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Message

ROOT: Final = Path(__file__).resolve().parents[2]
LOCALE: Final = ROOT / "resources" / "locale"
TEMPLATE: Final = LOCALE / "t4t.pot"
TONGUES: Final = tuple(language.value for language in SPOKEN if language is not Language.ENGLISH)
_WIDTH: Final = 120
_KEPT: Final = re.compile(r"https?://\S+[\w/]|`[^`]+`|(?<![\w-])--[a-z][a-z-]*|\bT4T[-_][A-Z0-9-_]+")
"""What is typed or searched for, and the same in every language."""


def template(root: Path = ROOT) -> Catalog:
    """What is to be translated. There are no lines of source in it: they change more often than texts."""
    catalog = Catalog(fuzzy=False)
    for one in messages(root / "app"):
        text = (one.text, one.plural) if one.plural else one.text
        catalog.add(text, locations=[(place, 1) for place in one.places], auto_comments=[", ".join(one.keys)] if one.keys else ())
    return catalog


def as_file(catalog: Catalog, language: str = "") -> str:
    """What is in the file of ``catalog``: the same for the same texts, on any day."""
    plural = f'"Plural-Forms: {get_plural(language).plural_forms}\\n"\n' if language else ""
    head = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n{plural}\n'
    made = io.BytesIO()
    write_po(made, catalog, width=_WIDTH, omit_header=True, ignore_obsolete=True, include_lineno=False)
    return head + made.getvalue().decode()


def path_of(language: str, locale: Path = LOCALE) -> Path:
    """Where its catalog is."""
    return locale / language / FILE


def merged(wanted: Catalog, path: Path, language: str) -> Catalog:
    """The catalog in ``path`` with the texts of ``wanted``. A text that is new has no translation: it is never guessed from another one."""
    catalog = Catalog(locale=language, fuzzy=False)
    if path.is_file():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    catalog.update(wanted, no_fuzzy_matching=True)
    return catalog


def names(text: str) -> set[tuple[str, str]]:
    """What is filled in, and how."""
    return {(name, how or "") for _, name, how, _ in string.Formatter().parse(text) if name is not None}


def faults(message: Message) -> Iterator[str]:
    """What is wrong with a translation, as far as that can be known without the language."""
    sources, forms = _texts(message.id), _texts(message.string or "")
    if not all(forms):
        yield "not translated"
        return
    if message.fuzzy:
        yield "marked as fuzzy"
    for number, form in enumerate(forms):
        source = sources[min(number, len(sources) - 1)]
        try:
            filled = names(form)
        except ValueError as error:
            yield f"braces: {error}"
            continue
        if not (filled <= names(source) if number < len(forms) - 1 else filled == names(source)):
            yield f"filled in are {sorted(filled)} instead of {sorted(names(source))}"
        if _around(form) != _around(source):
            yield "space or lines at its ends"
        if form.count("\n") != source.count("\n"):
            yield "another number of lines"
        if any(not (letter.isprintable() or letter in "\n\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}") for letter in form):
            yield "characters that can't be seen"
        if sorted(_KEPT.findall(form)) != sorted(_KEPT.findall(source)):
            yield f"not kept: {sorted(_KEPT.findall(source))}"


def _texts(of: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (of,) if isinstance(of, str) else tuple(of)


def _around(text: str) -> tuple[str, str]:
    bare = text.strip()
    head, _, tail = text.partition(bare)
    return head, tail


def wrong(root: Path = ROOT) -> Iterator[str]:
    """A line for everything that is not as it should be in the files."""
    wanted = template(root)
    locale = root / LOCALE.relative_to(ROOT)
    pot = locale / TEMPLATE.name
    if not pot.is_file() or pot.read_text(encoding="utf-8") != as_file(wanted):
        yield f"{pot.relative_to(root)} is out of date: run packaging/locale/catalogs.py"
    for language in TONGUES:
        path = path_of(language, locale)
        name = path.relative_to(root)
        catalog = merged(wanted, path, language)
        if not path.is_file() or path.read_text(encoding="utf-8") != as_file(catalog, language):
            yield f"{name} is out of date: run packaging/locale/catalogs.py"
        for message in catalog:
            if message.id:
                yield from (f"{name}: {_texts(message.id)[0][:60]!r}: {fault}" for fault in faults(message))


def main() -> int:
    """Write the catalogs, or look at them."""
    if "--check" in sys.argv[1:]:
        found = list(wrong())
        print(*found, sep="\n", end="\n" if found else "")
        return int(bool(found))
    wanted = template()
    LOCALE.mkdir(exist_ok=True)
    TEMPLATE.write_text(as_file(wanted), encoding="utf-8")
    for language in TONGUES:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_file(merged(wanted, path, language), language), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
