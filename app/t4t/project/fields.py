"""From elements of loose XML to the fields of values."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.loose_xml import Element

_LARGEST: Final = 1e18
"""A bound beyond every size, time and count; above it lies no number of a project's."""
_LONGEST: Final = 64 * 1024

Value = TypeVar("Value")


def text(element: Element | None) -> str:
    """The text of an element, at most 64 KiB of it, without gettext's marks and control characters."""
    if element is None:
        return ""
    return "".join(c for c in without_marks(element.text[:_LONGEST]) if c.isprintable() or c in "\n\t")


def without_marks(message: str) -> str:
    """``_("…")``, which servers leave around what clients are to translate, removed."""
    return message.replace('_("', "").replace('")', "")


def real(element: Element | None) -> float:
    """A finite number from -1e18 to 1e18; anything else is 0."""
    try:
        value = float(element.text) if element else 0.0
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and abs(value) <= _LARGEST else 0.0


def whole(element: Element | None) -> int:
    """As `real`, cut to a whole number; digits that a float can't hold are kept."""
    with contextlib.suppress(ValueError):
        value = int(element.text) if element and len(element.text) < len(str(int(_LARGEST))) else 0
        if value:
            return value
    return int(real(element))


def flag(element: Element | None) -> bool:
    """BOINC's booleans: ``<x/>`` and every number but 0 are true, and so is ``<x></x>`` never."""
    if element is None:
        return False
    return element.self_closed or whole(element) != 0


_READERS: Final[dict[str, Callable[[Element | None], Any]]] = {"str": text, "int": whole, "float": real, "bool": flag}


def fill(kind: type[Value], element: Element, **more: object) -> Value:
    """A value of the dataclass ``kind`` from the children of ``element`` that have its fields' names; ``more`` is given as it is."""
    known: dict[str, object] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # a type variable can't say "dataclass"
        reader = _READERS.get(str(field.type))
        child = element.find(field.name)
        if reader and child is not None and field.name not in more:
            known[field.name] = reader(child)
    return kind(**known, **more)


def names(element: Element, tag: str) -> tuple[str, ...]:
    """The names in ``<tag><name>…</name></tag>``, once each."""
    return tuple(dict.fromkeys(filter(None, (text(child) for entry in element.all(tag) for child in entry.all("name")))))
