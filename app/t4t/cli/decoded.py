"""A decoded reply as text for people; keys are not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from t4t.cli.terminal import plain
from t4t.domain.redaction import redact

if TYPE_CHECKING:
    from t4t.domain.project import Decoded

_SECRET: Final = frozenset({"authenticator", "weak_auth"})
_WIDTH: Final = 26
_LONGEST: Final = 120


def show_decoded(decoded: Decoded) -> None:
    """Print the verdict and what was said; what is empty, 0 or false is left out."""
    number = "" if decoded.error_num is None else f" {decoded.error_num}"
    print(f"{decoded.kind}: " + ("ok" if decoded.ok else f"not ok{number}: {plain(decoded.error or '')}"))
    for name, value in decoded.fields.items():
        _show(name, value, indent=2)


def _show(name: str, value: Any, *, indent: int) -> None:  # noqa: ANN401 (JSON)
    if not value:
        return
    space = " " * indent
    match value:
        case dict():
            print(f"{space}{name}")
            for key, inner in value.items():
                _show(key, inner, indent=indent + 2)
        case list() | tuple() if isinstance(value[0], dict):
            for number, entry in enumerate(value):
                _show(f"{name}[{number}]", entry, indent=indent)
        case list() | tuple():
            print(f"{space}{name:{_WIDTH}} {plain(', '.join(map(str, value)), _LONGEST)}")
        case _ if name in _SECRET:
            print(f"{space}{name:{_WIDTH}} (a key of {len(str(value))} characters)")
        case str() if "://" in value:
            print(f"{space}{name:{_WIDTH}} {plain(redact(value), _LONGEST)}")
        case _:
            print(f"{space}{name:{_WIDTH}} {plain(str(value), _LONGEST)}")
