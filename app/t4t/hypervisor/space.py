"""Free space and free ports of this computer, as drivers must know them before they act."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import NotEnoughDisk
from t4t.domain.vm import MIB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPARE_MIB: Final = 64
"""What must stay free beside a saved state."""
_PORTS: Final = range(1, 65536)
_LOOPBACK: Final = "127.0.0.1"


def free_bytes(folder: Path) -> int:
    """Free space in the file system that holds ``folder``."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def check_space(folder: Path, needed_mib: int, free: Callable[[Path], int]) -> None:
    """`NotEnoughDisk` unless so much fits into ``folder``."""
    found = free(folder) // MIB
    if found < needed_mib:
        raise NotEnoughDisk(path=str(folder), needed_mib=needed_mib, free_mib=found)


def free_tcp_ports(count: int) -> tuple[int, ...]:
    """Loopback ports that were free a moment ago."""
    held: list[socket.socket] = []
    try:
        held.extend(socket.create_server((_LOOPBACK, 0)) for _ in range(count))
        return tuple(int(one.getsockname()[1]) for one in held)
    finally:
        for one in held:
            one.close()


def port_is_free(port: int, *, remote: bool) -> bool:
    """Whether nobody listens on the port now, on loopback or (``remote``) anywhere. What is no port is not free."""
    if port not in _PORTS:
        return False
    try:
        socket.create_server(("" if remote else _LOOPBACK, port)).close()
    except OSError:
        return False
    return True
