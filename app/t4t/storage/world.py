"""The world map that comes with the program (``resources/world``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from t4t.domain.world import World
from t4t.storage.resources import resource_folder

if TYPE_CHECKING:
    from pathlib import Path


def load(folder: Path | None = None) -> World:
    """Read it; `OSError` or `msgspec.MsgspecError` if it is not what it must be, which is a fault of the build."""
    place = folder or resource_folder("world")
    return msgspec.json.decode((place / "world.json").read_bytes(), type=World)
