"""Tells at once when a file of a folder was written or moved there, where the system can: nobody has to look each second.

Linux has inotify, through three calls of its C library. Elsewhere nothing is told, and the slow looks of whoever asks find the change.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import math
import os
import struct
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log = logging.getLogger(__name__)

_CLOSE_WRITE: Final = 0x8
_MOVED_TO: Final = 0x80
_ONLY_FOLDERS: Final = 0x01000000
_IGNORED: Final = 0x8000
_OVERFLOW: Final = 0x4000
_EVENT: Final = struct.Struct("iIII")
_BUFFER: Final = 64 * 1024
_LONGEST_REST_S: Final = 5.0
_CALM_S: Final = 10.0
_REST_SHARE: Final = 20
"""Who writes again and again, as a guest does that says how far it is, is heard after rests that grow to the longest in so many times its length."""
_NONBLOCK: Final = 0x800
_CLOEXEC: Final = 0x80000


class FolderWatch(Protocol):
    """Watches folders, not what lies deeper."""

    def add(self, folder: Path, changed: Callable[[str], None]) -> None:
        """Call ``changed`` with a file's name (empty: any may have changed) on the event loop's thread; a folder that is watched is watched anew."""
        ...

    def remove(self, folder: Path) -> None:
        """Watch it no longer; one that is not watched is no error."""
        ...

    def close(self) -> None:
        """Watch nothing any more."""
        ...


class NoFolderWatch:
    """Where the system has nothing of the kind, or will not give it."""

    def add(self, folder: Path, changed: Callable[[str], None]) -> None:
        """Nothing is told."""

    def remove(self, folder: Path) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class InotifyWatch:
    """Linux's inotify on the running event loop."""

    def __init__(self, libc: ctypes.CDLL, handle: int) -> None:
        """Made by `folder_watch`."""
        self._libc = libc
        self._handle = handle
        self._told: dict[int, Callable[[str], None]] = {}
        self._numbers: dict[Path, int] = {}
        self._chatter = -math.inf
        """Since when there were never `_CALM_S` seconds without a word."""
        self._last = -math.inf
        self._rest: asyncio.TimerHandle | None = None
        asyncio.get_running_loop().add_reader(handle, self._read)

    def add(self, folder: Path, changed: Callable[[str], None]) -> None:
        """See `FolderWatch.add`; a folder that is not there is left to the slow looks."""
        mask = _CLOSE_WRITE | _MOVED_TO | _ONLY_FOLDERS
        number = self._libc.inotify_add_watch(self._handle, os.fsencode(folder), mask)
        if number < 0:
            _log.info("%s is not watched: %s", folder, os.strerror(ctypes.get_errno()))
            return
        self._told[number] = changed
        self._numbers[folder] = number

    def remove(self, folder: Path) -> None:
        """See `FolderWatch.remove`."""
        number = self._numbers.pop(folder, None)
        if number is not None and self._told.pop(number, None) is not None:
            self._libc.inotify_rm_watch(self._handle, number)

    def _read(self) -> None:
        try:
            data = os.read(self._handle, _BUFFER)
        except BlockingIOError:
            return
        self._rest_for_a_while()
        offset = 0
        while offset + _EVENT.size <= len(data):
            number, mask, _, length = _EVENT.unpack_from(data, offset)
            name = data[offset + _EVENT.size : offset + _EVENT.size + length].rstrip(b"\0")
            offset += _EVENT.size + length
            if mask & _IGNORED:
                self._told.pop(number, None)
            elif mask & _OVERFLOW:
                for changed in list(self._told.values()):
                    changed("")
            elif (told := self._told.get(number)) is not None:
                told(os.fsdecode(name))

    def _rest_for_a_while(self) -> None:
        """Each look at what was told wakes the process: the system keeps what is told meanwhile."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._last > _CALM_S:
            self._chatter = now
        self._last = now
        rest = min((now - self._chatter) / _REST_SHARE, _LONGEST_REST_S)
        loop.remove_reader(self._handle)
        self._rest = loop.call_later(rest, loop.add_reader, self._handle, self._read)

    def close(self) -> None:
        """See `FolderWatch.close`."""
        if self._rest is not None:
            self._rest.cancel()
        if self._handle >= 0:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1


def folder_watch() -> FolderWatch:
    """What this system has; to be called on the running event loop."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        handle = libc.inotify_init1(_NONBLOCK | _CLOEXEC)
    except (OSError, AttributeError, TypeError) as error:  # another system than Linux has no such calls
        _log.info("no inotify: %s", error)
        return NoFolderWatch()
    if handle < 0:  # the user's limit of instances is reached
        _log.warning("no inotify: %s", os.strerror(ctypes.get_errno()))
        return NoFolderWatch()
    return InotifyWatch(libc, handle)
