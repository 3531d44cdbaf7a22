"""Who is at the other end of the local API, by the system's word."""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

_log = logging.getLogger(__name__)

_LINUX_CREDENTIALS: Final = struct.Struct("3i")
_MAC_LOCAL_PEERCRED: Final = 1
_MAC_CREDENTIALS: Final = struct.Struct("2Ih16I")


def is_ours(writer: asyncio.StreamWriter) -> bool:
    """The system's word on who is at the other end; the folder's mode keeps others out already."""
    if sys.platform == "win32":
        return True  # the pipe's security descriptor is the system's word
    else:  # noqa: RET505 - mypy would call the rest unreachable
        connection = writer.get_extra_info("socket")
        if sys.platform == "linux":
            _, uid, _ = _LINUX_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX_CREDENTIALS.size))
        elif sys.platform == "darwin":
            uid = _MAC_CREDENTIALS.unpack(connection.getsockopt(0, _MAC_LOCAL_PEERCRED, _MAC_CREDENTIALS.size))[1]
        else:
            return True
        if uid == os.getuid():
            return True
        _log.warning("user %d is turned away", uid)
        return False
