"""The tables that come with the program (``resources/checks``): in the repository, in a wheel and in a frozen app."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

import t4t
from t4t.domain.diagnosis.tables import DriverRow, FirmwareRow, KvmRow, Tables, VersionRow

_PACKAGE: Final = Path(t4t.__file__).resolve().parent
_PLACES: Final = (_PACKAGE / "resources" / "checks", _PACKAGE.parents[1] / "resources" / "checks")
"""Beside the code, as a wheel has it, or in the repository."""


def load(folder: Path | None = None) -> Tables:
    """All tables; `msgspec.ValidationError`, `OSError` or ``ValueError`` if they are not what they must be, which is a fault of the build."""
    place = folder or next((place for place in _PLACES if place.is_dir()), _PLACES[-1])
    kernels, versions, firmware = (_read(place / f"{name}.toml") for name in ("kernels", "versions", "firmware"))
    rows = [{"start": row.pop("from", ""), "end": row.pop("below", ""), **row} for row in versions["row"]]
    return Tables(
        driver=msgspec.convert(kernels["driver"], tuple[DriverRow, ...]),
        kvm=msgspec.convert(kernels["kvm"], tuple[KvmRow, ...]),
        versions=msgspec.convert(rows, tuple[VersionRow, ...]),
        firmware=msgspec.convert(firmware["row"], tuple[FirmwareRow, ...]),
        oldest=msgspec.convert(versions["oldest"], str),
        recommended=msgspec.convert(versions["recommended"], str),
    )


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
