"""``t4t move``: the agent is asked to save everything and end, the machines are moved, and the agent comes back."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from t4t import desktop
from t4t.api.client import Client
from t4t.domain.errors import AgentMissing, FolderBusy
from t4t.host import resources
from t4t.storage import moving
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SAVING_S: Final = 600.0
_LOOK_S: Final = 0.2


def move(data: Path, to: Path, tell: Callable[[int, int], None]) -> Path:
    """See `Services.move`."""
    moving.check(data, to)
    ran = quit_agent(data)
    try:
        # the second one is the VM host's, which may still be saving
        with patiently(FolderLock(data, "agent.lock")), patiently(FolderLock(data, "host.lock")):
            return moving.move(data, to, check_room=resources.check_disk, tell=tell)
    finally:
        if ran:
            desktop.start(data)


def quit_agent(data: Path) -> bool:
    """Whether there was one."""
    with contextlib.suppress(AgentMissing), Client(data) as client:
        client.call("quit")
        return True
    return False


def patiently(lock: FolderLock) -> FolderLock:
    """Take it, once who has it has saved all its machines; raises `FolderBusy`."""
    deadline = time.monotonic() + _SAVING_S
    while True:
        try:
            lock.take()
        except FolderBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_S)
        else:
            return lock
