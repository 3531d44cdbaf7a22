"""The floppy of 28 672 bytes: one half written by the host, the other by the guest."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

HALF = 14_335
_READY_FOR_GUEST = 28_670
_READY_FOR_HOST = 28_671
_TRIES = 10
_TRIES_WITHOUT_MEDIUM = 4


def read_floppy(device: str, say: Callable[[str], None]) -> str | None:
    """Text the host left; None where there is no floppy. The byte "ready for guest" is set back so that the host sees that its text was taken."""

    def read() -> str:
        descriptor = os.open(device, os.O_RDONLY)
        try:
            return os.pread(descriptor, HALF, 0).split(b"\0", 1)[0].decode("utf-8", "replace")
        finally:
            os.close(descriptor)

    text = _patiently(read, say)
    if text is not None:
        _write(device, _READY_FOR_GUEST, b"\0", say)
    return text


def write_floppy(device: str, text: str, say: Callable[[str], None]) -> bool:
    """Leave a text for the host, cut to what fits; whether there was a floppy that could be written."""
    content = text.encode("utf-8", "replace")[: HALF - 1]
    return _write(device, HALF, content.ljust(HALF, b"\0"), say) and _write(device, _READY_FOR_HOST, b"\1", say)


def _write(device: str, offset: int, content: bytes, say: Callable[[str], None]) -> bool:
    def write() -> bool:
        descriptor = os.open(device, os.O_WRONLY)
        try:
            os.pwrite(descriptor, content, offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return True

    return _patiently(write, say) or False


def _patiently(act: Callable[[], _T], say: Callable[[str], None]) -> _T | None:
    """What `act` returns; None where there is no floppy.

    An interpreted or busy machine answers the kernel's driver too late: then the drive has an error, or no medium (both seen on QEMU and on VirtualBox, the
    latter at every other start), so it is asked again. A drive that is really empty takes some 3 s to say so.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return act()
        except OSError as error:
            if error.errno == errno.ENOENT or (error.errno == errno.ENXIO and attempt >= _TRIES_WITHOUT_MEDIUM):
                return None
            say(f"floppy: {error.strerror}, asked {attempt} times")
    return None
