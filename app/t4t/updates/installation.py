"""How this copy of the program came here, where it lies, and where newer ones come from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

import t4t
from t4t.domain.app_update import Kind
from t4t.domain.record import record
from t4t.domain.update_errors import UpdateNotOurs, UpdatesNotSetUp
from t4t.storage.resources import resource_folder

MARKER: Final = "installation.json"
"""Beside the package, in what packs a bundle for one way of installing: without it this is a source tree, or nobody's business."""
_RESOURCES: Final = "updates"
_INSIDE: Final = {Kind.APP: ("Contents", "MacOS", "t4t"), Kind.SETUP: ("t4t.exe",)}


class _Marker(msgspec.Struct, frozen=True):
    kind: Kind
    platform: str
    version: str


class _Place(msgspec.Struct, frozen=True):
    address: str = ""


@record(kw_only=True)
class Installation:
    """A copy that was installed. ``root`` is the folder that an update replaces as a whole."""

    kind: Kind
    platform: str
    version: str
    root: Path


@record(kw_only=True)
class Place:
    """Where newer versions come from (https, or a folder), and the first key of the chain that they are signed with."""

    address: str
    root: bytes


def program_in(root: Path, kind: Kind) -> Path:
    """The program of a copy at ``root``."""
    return root.joinpath(*_INSIDE.get(kind, ("t4t",)))


def _home() -> Path:
    return Path(t4t.__file__).resolve().parents[1]


def installation(home: Path | None = None) -> Installation | None:
    """This copy (the one whose libraries lie in ``home``); None for a source tree, or where the marker can't be read."""
    home = home or _home()
    try:
        marker = msgspec.json.decode((home / MARKER).read_bytes(), type=_Marker)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    root = home.parents[1] if marker.kind is Kind.APP else home.parent
    return Installation(kind=marker.kind, platform=marker.platform, version=marker.version, root=root)


def version_at(root: Path, kind: Kind) -> str:
    """The version of the copy at ``root``; empty where there is none, or not a whole one."""
    home = root / ("Contents/Frameworks" if kind is Kind.APP else "_internal")
    found = installation(home)
    return "" if found is None or not program_in(root, kind).is_file() else found.version


def installation_at(root: Path) -> Installation:
    """The copy at ``root``, of which this process runs a kept one; where none can be read there (a setup was cut short), what is to be there again.

    Raises `UpdateNotOurs`.
    """
    own = ours()
    return Installation(kind=own.kind, platform=own.platform, version=version_at(root, own.kind), root=root)


def ours() -> Installation:
    """This copy, where it has to do with updates at all; raises `UpdateNotOurs`."""
    found = installation()
    if found is None:
        raise UpdateNotOurs(kind="source")
    return found


def place(address: str = "", folder: Path | None = None) -> Place:
    """What was built in; another ``address`` (a mirror, a folder on a stick) is as good, for what counts is signed. Raises `UpdatesNotSetUp`."""
    folder = folder or resource_folder(_RESOURCES)
    try:
        root = (folder / "root.json").read_bytes()
    except OSError:
        raise UpdatesNotSetUp(missing="the key") from None
    if not address:
        try:
            address = msgspec.json.decode((folder / "place.json").read_bytes(), type=_Place).address
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            address = ""
    if not address:
        raise UpdatesNotSetUp(missing="an address")
    return Place(address=address.rstrip("/"), root=root)
