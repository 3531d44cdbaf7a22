"""What the words of a job mean: the table ``resources/physics/glossary.toml``, in the language of whoever reads."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

import t4t
from t4t.wording.language import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGE: Final = Path(t4t.__file__).resolve().parent
_PLACES: Final = (_PACKAGE / "resources" / "physics", _PACKAGE.parents[1] / "resources" / "physics")
"""Beside the code, as a wheel has it, or in the repository."""
_NAME: Final = "glossary.toml"
PARTS: Final = ("beam", "process", "generator", "tune", "histogram")


class Term(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row. ``pair`` is for beams, ``axis`` (the words below a histogram) for histograms."""

    id: str
    name: str
    about: str
    source: str
    pair: str = ""
    axis: str = ""

    def translated(self) -> Term:
        """The same in the language of whoever reads."""
        pair, axis = (gettext(text) if text else "" for text in (self.pair, self.axis))
        return Term(id=self.id, name=gettext(self.name), about=gettext(self.about), source=self.source, pair=pair, axis=axis)


def read(data: bytes) -> dict[str, dict[str, Term]]:
    """The parts of a table, each by id. Raises ValueError for a table that is not what it must be, which is a fault of the build."""
    found = msgspec.convert(tomllib.loads(data.decode("utf-8")), dict[str, list[Term]])
    if set(found) != set(PARTS):
        raise ValueError(f"parts other than {', '.join(PARTS)}")
    if twice := [term.id for rows in found.values() for term in rows if _ids(rows).count(term.id) > 1]:
        raise ValueError(f"{twice[0]} is there twice")
    return {part: {term.id: term for term in rows} for part, rows in found.items()}


def _ids(rows: Sequence[Term]) -> list[str]:
    return [term.id for term in rows]


@functools.cache
def _table() -> dict[str, dict[str, Term]]:
    folder = next((place for place in _PLACES if place.is_dir()), _PLACES[-1])
    return read((folder / _NAME).read_bytes())


def term(part: str, word: str) -> Term | None:
    """What ``word`` means in one of `PARTS`; None where we have no words for it."""
    found = _table()[part].get(word.lower())
    return None if found is None else found.translated()
