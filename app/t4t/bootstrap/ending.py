"""The agent's end, waited for: afterwards nothing of this data folder is in use, neither by the agent nor by a VM host that still saves."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from t4t.api.client import Client
from t4t.domain.errors import AgentMissing, FolderBusy
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from pathlib import Path

_SAVING_S: Final = 600.0
_LOOK_S: Final = 0.2
LOCKS: Final = ("agent.lock", "host.lock")
"""The second one is the VM host's."""


def ask(data: Path) -> bool:
    """Ask the agent to end; whether there was one."""
    with contextlib.suppress(AgentMissing), Client(data) as client:
        client.call("quit")
        return True
    return False


def patient(lock: FolderLock) -> FolderLock:
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


def end(data: Path) -> bool:
    """End the agent and wait until everything is saved; whether there was one. Raises `FolderBusy` if that takes ten minutes."""
    if not data.is_dir():
        return False
    ran = ask(data)
    for name in LOCKS:
        with patient(FolderLock(data, name)):
            pass
    return ran
