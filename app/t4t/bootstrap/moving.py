"""``t4t move``: the agent is asked to save everything and end, the machines are moved, and the agent comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t import desktop
from t4t.bootstrap import ending
from t4t.host import resources
from t4t.storage import moving
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def move(data: Path, to: Path, tell: Callable[[int, int], None]) -> Path:
    """See `Services.move`."""
    moving.check(data, to)
    ran = ending.ask(data)
    try:
        # the second one is the VM host's, which may still be saving
        with ending.patient(FolderLock(data, ending.LOCKS[0])), ending.patient(FolderLock(data, ending.LOCKS[1])):
            return moving.move(data, to, check_room=resources.check_disk, tell=tell)
    finally:
        if ran:
            desktop.start(data)
