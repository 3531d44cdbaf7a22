"""The wizard's place in a file of the data folder, so that it goes on where it was, also after a restart of the computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import FolderUnwritable
from t4t.domain.setting_up import Setup, kept
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "setup.json"


def load(data: Path) -> Setup | None:
    """What was written down; None if nothing was, or nothing that can be read."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Setup)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def keep(data: Path, setup: Setup) -> None:
    """Write it down. Raises `FolderUnwritable`."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        write_atomic(data / FILE, msgspec.json.encode(kept(setup)))
    except OSError as error:
        raise FolderUnwritable(path=str(data), reason=error.strerror or str(error)) from error
