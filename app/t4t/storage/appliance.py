"""The reference appliance on disk: its manifest, and files that are what the manifest says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import ApplianceDamaged, ApplianceMissing
from t4t.domain.record import record
from t4t.storage.files import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

DISK: Final = "t4t-appliance.raw"
ISO: Final = "t4t-appliance.iso"
MANIFEST: Final = "manifest.json"


class FileFact(msgspec.Struct, frozen=True):
    """One file's SHA-256 in hex and its size in bytes."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """What the build wrote about itself."""

    version: str
    architecture: str
    kernel: str
    pythia: str
    files: dict[str, FileFact]


@record
class Appliance:
    """The reference appliance in one folder."""

    folder: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        """A file of the appliance, checked by size; raises `ApplianceDamaged`."""
        path = self.folder / name
        fact = self.manifest.files.get(name)
        if fact is None or not path.is_file() or path.stat().st_size != fact.size:
            raise ApplianceDamaged(path=str(path))
        return path

    def verified(self, name: str) -> Path:
        """As `file`, and the whole content is hashed (a fraction of a second for the image)."""
        path = self.file(name)
        if sha256_of(path) != self.manifest.files[name].sha256:
            raise ApplianceDamaged(path=str(path))
        return path


def load(folder: Path) -> Appliance:
    """Read the appliance in ``folder``; raises `ApplianceMissing` or `ApplianceDamaged`."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ApplianceMissing(path=str(folder))
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ApplianceDamaged(path=str(path)) from error
    return Appliance(folder, manifest)
