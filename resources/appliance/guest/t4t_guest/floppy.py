"""The floppy of 28 672 bytes: one half written by the host, the other by the guest."""

from __future__ import annotations

import os

HALF = 14_335
_READY_FOR_GUEST = 28_670
_READY_FOR_HOST = 28_671
_TRIES = 10


def read_floppy(device: str) -> str | None:
    """Text the host left; None where there is no floppy.

    On a busy host the kernel's driver loses patience with the drive and reports an error, so it is asked again. The byte "ready for guest" is set back so
    that the host sees that its text was taken.
    """
    for _ in range(_TRIES):
        try:
            descriptor = os.open(device, os.O_RDONLY)
        except OSError:
            return None
        try:
            text = os.pread(descriptor, HALF, 0).split(b"\0", 1)[0].decode("utf-8", "replace")
        except OSError:
            continue
        finally:
            os.close(descriptor)
        _write(device, _READY_FOR_GUEST, b"\0")
        return text
    return None


def write_floppy(device: str, text: str) -> bool:
    """Leave a text for the host, cut to what fits; whether there was a floppy that could be written."""
    content = text.encode("utf-8", "replace")[: HALF - 1]
    return _write(device, HALF, content.ljust(HALF, b"\0")) and _write(device, _READY_FOR_HOST, b"\1")


def _write(device: str, offset: int, content: bytes) -> bool:
    try:
        descriptor = os.open(device, os.O_WRONLY)
    except OSError:
        return False
    try:
        os.pwrite(descriptor, content, offset)
        os.fsync(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
