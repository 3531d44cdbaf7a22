"""Where our files lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

ATTACHED: Final = "attached"
"""Below the data folder: a copy of each project's state."""


def data_dir(chosen: str | None = None) -> Path:
    """The data folder: ``chosen`` (``--data-dir``), else ``T4T_DATA_DIR``, else the system's place for a user's application data."""
    named = chosen or os.environ.get("T4T_DATA_DIR")
    return Path(named).expanduser().absolute() if named else own_data_dir()


def own_data_dir() -> Path:
    """The system's place for it, which is the program's alone."""
    return platformdirs.user_data_path("t4t", appauthor=False)


def appliance_dir(data: Path) -> Path:
    """Where the reference appliance lies: ``T4T_APPLIANCE`` if set (``make`` sets it), else ``appliance`` in the data folder."""
    named = os.environ.get("T4T_APPLIANCE")
    return Path(named).absolute() if named else data / "appliance"
