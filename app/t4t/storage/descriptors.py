"""The descriptors that come with the program (``resources/appliances``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.appliance_descriptor import Descriptor, parse_descriptor
from t4t.domain.errors import ApplianceUnknown, DescriptorsMissing
from t4t.storage.resources import resource_folder

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE: Final = "reference"


def load_descriptor(path: Path) -> Descriptor:
    """The descriptor in ``path``; raises `DescriptorInvalid`, and `OSError` where it can't be read."""
    return parse_descriptor(path.read_bytes(), path=str(path))


def shipped(folder: Path | None = None) -> tuple[Descriptor, ...]:
    """All of them, our reference appliance first; raises `DescriptorsMissing` and `DescriptorInvalid`."""
    folder = folder or resource_folder("appliances")
    try:
        found = [load_descriptor(path) for path in sorted(folder.glob("*.toml"))]
    except OSError:
        found = []
    if not found:
        raise DescriptorsMissing(path=str(folder))
    return tuple(sorted(found, key=lambda one: (one.name != REFERENCE, one.name)))


def named(name: str, folder: Path | None = None) -> Descriptor:
    """The one called ``name``; raises `ApplianceUnknown`."""
    found = {one.name: one for one in shipped(folder)}
    if name not in found:
        raise ApplianceUnknown(name=name, known=", ".join(found))
    return found[name]
