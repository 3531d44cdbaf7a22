"""Files that come with the program: beside the package in a wheel or a frozen app, in ``resources`` of a source tree."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]


def resource_folder(name: str, *, package: Path = _PACKAGE) -> Path:
    """The folder ``resources/NAME``: inside the package, else (a source tree) two folders above it. It may be missing."""
    inside = package / "resources" / name
    return inside if inside.is_dir() else package.parents[1] / "resources" / name
