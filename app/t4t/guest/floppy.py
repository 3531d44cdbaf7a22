"""The host's side of the 28 672-byte floppy: one text each way through an image file that host and guest both write.

Layout, as BOINC's FloppyIO class and the CernVM guest have it: bytes 0–14 334 host to guest, 14 335–28 669 guest to host, byte 28 670 "ready for the guest",
byte 28 671 "ready for the host". A text ends with NUL. The sender sets the receiver's ready byte to 1, the receiver clears it.
Nothing here waits: a caller looks every `POLL_S` and gives up after `WAIT_S`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import FolderUnwritable, JobElementRefused
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.init_data import InitData

FLOPPY_BYTES: Final = 28_672
BUFFER_BYTES: Final = FLOPPY_BYTES // 2 - 1
MAX_TEXT_BYTES: Final = BUFFER_BYTES - 1
TO_GUEST: Final = 0
TO_HOST: Final = BUFFER_BYTES
READY_FOR_GUEST: Final = FLOPPY_BYTES - 2
READY_FOR_HOST: Final = FLOPPY_BYTES - 1
WAIT_S: Final = 5.0
POLL_S: Final = 0.25


class FloppyStatus(enum.IntEnum):
    """How an exchange went; the numbers are FloppyIO's own."""

    OK = 0
    IO_ERROR = -1
    """The image can't be read or written, or is no floppy of 28 672 bytes."""
    TIMEOUT = -2
    """The other side has not answered within `WAIT_S`."""
    NOT_READY = -4
    """Not yet: the guest has not read the last text, or has written none."""


def create_floppy(path: Path, *, text: str = "") -> None:
    """Write a fresh image, with ``text`` ready for the guest unless it is empty. An image that was there is replaced.

    Raises `FolderUnwritable`; `JobElementRefused` when the text does not fit.
    """
    image = bytearray(FLOPPY_BYTES)
    if text:
        encoded = _encoded(text)
        image[TO_GUEST : TO_GUEST + len(encoded)] = encoded
        image[READY_FOR_GUEST] = 1
    try:
        write_atomic(path, bytes(image))
    except OSError as error:
        raise FolderUnwritable(path=str(path.parent), reason=str(error)) from error


def write_message(path: Path, text: str) -> FloppyStatus:
    """Give the guest ``text``; `FloppyStatus.NOT_READY` while it has not read the one before. Raises `JobElementRefused` when the text does not fit."""
    encoded = _encoded(text)
    try:
        with path.open("r+b", buffering=0) as image:
            content = image.read(FLOPPY_BYTES + 1)
            if len(content) != FLOPPY_BYTES:
                return FloppyStatus.IO_ERROR
            if content[READY_FOR_GUEST]:
                return FloppyStatus.NOT_READY
            image.seek(TO_GUEST)
            # The whole buffer: what an earlier, longer text left behind is nobody's business.
            image.write(encoded.ljust(BUFFER_BYTES, b"\0"))
            # The ready byte last: the guest must never see it before the text.
            image.seek(READY_FOR_GUEST)
            image.write(b"\x01")
    except OSError:
        return FloppyStatus.IO_ERROR
    return FloppyStatus.OK


def read_message(path: Path) -> tuple[FloppyStatus, str]:
    """The guest's text, taken from the floppy; empty unless the status is `FloppyStatus.OK`."""
    try:
        with path.open("r+b", buffering=0) as image:
            content = image.read(FLOPPY_BYTES + 1)
            if len(content) != FLOPPY_BYTES:
                return FloppyStatus.IO_ERROR, ""
            if not content[READY_FOR_HOST]:
                return FloppyStatus.NOT_READY, ""
            image.seek(READY_FOR_HOST)
            image.write(b"\0")
    except OSError:
        return FloppyStatus.IO_ERROR, ""
    text, _, _ = content[TO_HOST : TO_HOST + BUFFER_BYTES].partition(b"\0")
    return FloppyStatus.OK, text.decode("utf-8", errors="replace")


def after_waiting(status: FloppyStatus, *, waited_s: float) -> FloppyStatus:
    """``status`` with "not yet" turned into "timed out" once `WAIT_S` have passed."""
    return FloppyStatus.TIMEOUT if status is FloppyStatus.NOT_READY and waited_s >= WAIT_S else status


def boinc_lines(init: InitData) -> str:
    """The six ``BOINC_*`` lines of the CERN data format. The authenticator is there, for guests look for the key, and blank."""
    values = (
        ("BOINC_USERNAME", _one_line(init.user_name)),
        ("BOINC_USERID", str(init.userid)),
        ("BOINC_HOSTID", str(init.hostid)),
        ("BOINC_USER_TOTAL_CREDIT", f"{init.user_total_credit:.17g}"),
        ("BOINC_HOST_TOTAL_CREDIT", f"{init.host_total_credit:.17g}"),
        ("BOINC_AUTHENTICATOR", ""),
    )
    return "".join(f"{key}={value}\n" for key, value in values)


def _encoded(text: str) -> bytes:
    encoded = text.encode("utf-8", errors="replace")
    if b"\0" in encoded:
        raise JobElementRefused(element="enable_floppyio", value="NUL", reason="ends the text early")
    if len(encoded) > MAX_TEXT_BYTES:
        raise JobElementRefused(element="enable_floppyio", value=f"{len(encoded)} bytes", reason=f"more than {MAX_TEXT_BYTES} bytes")
    return encoded


def _one_line(text: str) -> str:
    """A value must not begin a line of its own."""
    return "".join(character if character.isprintable() else " " for character in text)
