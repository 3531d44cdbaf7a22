"""The world map that comes with the program (``resources/world``)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.world import World
from t4t.storage.resources import resource_folder

if TYPE_CHECKING:
    from pathlib import Path

_log: Final = logging.getLogger(__name__)


def load(folder: Path | None = None) -> World:
    """Read it. Without it, which is a fault of the build, there is a map without countries: all the rest can be shown."""
    place = folder or resource_folder("world")
    try:
        return msgspec.json.decode((place / "world.json").read_bytes(), type=World)
    except (OSError, msgspec.MsgspecError, UnicodeError) as error:
        _log.warning("the map of the world can't be read: %s", error)
        return World(2, 1, ())
