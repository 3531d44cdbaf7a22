"""The test boot's own parts, for every hypervisor: a boot sector of ours, and folders that are swept whatever happened to who made them.

A trial has a folder ``<kind>-<uuid>`` with a lock that dies with its process. A folder whose lock is free is a leftover: its machine is removed, then it.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import uuid
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.durable import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOG: Final = logging.getLogger(__name__)
FOLDER: Final = "test-boot"
"""In the data folder."""
WORD: Final = b"T4T: booted\r\n"
"""What the guest writes to its serial port."""
_IMAGE: Final = "boot.img"
_SERIAL: Final = "serial.txt"
_LOCK: Final = "lock"
_FLOPPY_BYTES: Final = 1474560
"""A sparse file: it takes a few kilobytes."""
_ORIGIN: Final = 0x7C00
_SHUTDOWN: Final = b"Shutdown"
EXIT_STATUS: Final = 0x21
"""QEMU's, when the guest has written 0x10 to the port of ``isa-debug-exit``."""


def boot_sector() -> bytes:
    """512 bytes that write `WORD` to the first serial port, end QEMU (port 0x501), and three seconds later VirtualBox (port 0x8900 of its BIOS).

    So a machine ends by itself soon after it has started, also when nobody is left to end it.
    """
    word, shutdown = WORD + b"\0", _SHUTDOWN + b"\0"
    code = bytearray(
        b"\xfa\x31\xc0\x8e\xd8\x8e\xd0\xbc\x00\x7c\xfc"  # cli; ds = ss = 0; sp = 0x7c00; cld
        b"\xbe\x00\x00"  # si = the word
        b"\xac\x84\xc0\x74\x12\x88\xc4"  # next letter, or on after the last
        b"\xba\xfd\x03\xec\xa8\x20\x74\xfb"  # until the port takes one
        b"\x88\xe0\xba\xf8\x03\xee\xeb\xe9"  # out
        b"\xba\x01\x05\xb0\x10\xee"  # QEMU: end
        b"\xfb\xb9\x37\x00\xf4\xe2\xfd"  # 55 ticks of 18.2 a second, asleep
        b"\xbe\x00\x00\xba\x00\x89\xac\x84\xc0\x74\x03\xee\xeb\xf8"  # VirtualBox's BIOS: "Shutdown"
        b"\xf4\xeb\xfd"  # asleep for ever
    )
    first, second = 12, code.rindex(b"\xbe\x00\x00") + 1
    code[first : first + 2] = (_ORIGIN + len(code)).to_bytes(2, "little")
    code[second : second + 2] = (_ORIGIN + len(code) + len(word)).to_bytes(2, "little")
    return (bytes(code) + word + shutdown).ljust(510, b"\0") + b"\x55\xaa"


@record
class Bench:
    """One trial's folder, while it is ours."""

    folder: Path

    @property
    def vm_id(self) -> str:
        """The machine's UUID, known before it is made so that a leftover can be found."""
        return self.folder.name.partition("-")[2]

    @property
    def image(self) -> Path:
        """The floppy that it boots from."""
        return self.folder / _IMAGE

    @property
    def serial(self) -> Path:
        """What the guest has written."""
        return self.folder / _SERIAL

    def spoke(self) -> bool:
        """Whether the guest's word is there."""
        try:
            return WORD.strip() in self.serial.read_bytes()
        except OSError:
            return False


@contextlib.contextmanager
def bench(place: Path, kind: str) -> Iterator[Bench]:
    """A folder below ``place`` for one trial, locked; who uses it removes its machine, then the folder goes too. Raises `OSError`."""
    folder = place / f"{kind}-{uuid.uuid4()}"
    folder.mkdir(parents=True, mode=0o700)
    lock = FileLock(folder / _LOCK)
    lock.try_acquire()
    made = Bench(folder)
    try:
        with made.image.open("wb") as file:
            file.write(boot_sector())
            file.truncate(_FLOPPY_BYTES)
        yield made
    finally:
        lock.release()


def remove(one: Bench) -> None:
    """Remove the folder; what can't be removed now is a leftover."""
    try:
        shutil.rmtree(one.folder)
        one.folder.parent.rmdir()
    except OSError as error:
        _LOG.info("%s stays for now: %s", one.folder, error)


@contextlib.contextmanager
def leftovers(place: Path, kind: str) -> Iterator[tuple[Bench, ...]]:
    """Trials of ``kind`` whose process is gone, locked while they are swept."""
    locks: list[FileLock] = []
    found: list[Bench] = []
    try:
        for folder in sorted(place.glob(f"{kind}-*")):
            lock = FileLock(folder / _LOCK)
            with contextlib.suppress(OSError):
                if lock.try_acquire():
                    locks.append(lock)
                    found.append(Bench(folder))
        yield tuple(found)
    finally:
        for lock in locks:
            lock.release()
