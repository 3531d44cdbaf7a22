"""More than one virtual processor without hardware virtualization: the guest boots and counts them; computing there is not worth the wait.

With KVM's clock, which VirtualBox offers to Linux by itself, or with the processor's, an interpreted guest that has two processors hardly moves, for they are
never interpreted at the same time. So it gets the clock of the power management chip, by a command line of its own in a copy of the appliance's disk.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Final

import pytest

from lab.vbox import answer, guest, wait_for

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(400)]

_CLOCK: Final = b" tsc=unstable clocksource=acpi_pm no_timer_check lpj=4000000"
_SECTOR: Final = 512
_SIZE_AT: Final = 28
"""Of a file's entry in a FAT folder, the place of its length."""


def with_words(disk: Path, words: bytes) -> None:
    """Add ``words`` to the kernel's command line in the boot menu of the appliance's ``disk``, whose file has a sector of its own and room in it."""
    content = disk.read_bytes()
    entry, menu = content.index(b"SYSLINUXCFG"), content.index(b"SERIAL 0 115200\n")
    (length,) = struct.unpack_from("<I", content, entry + _SIZE_AT)
    text = content[menu : menu + length].rstrip(b"\n") + words + b"\n"
    assert length < len(text) <= _SECTOR
    with disk.open("r+b") as stream:
        stream.seek(menu)
        stream.write(text)
        stream.seek(entry + _SIZE_AT)
        stream.write(struct.pack("<I", len(text)))


def test_a_guest_with_two_processors_boots_and_counts_them(tmp_path: Path, appliance_dir: Path) -> None:
    with guest("two", tmp_path, appliance_dir, cores=2, prepare=lambda disk: with_words(disk, _CLOCK)) as made:
        made.start()

        def counted() -> bool:
            page = answer(made.port, "machine.json")
            return bool(page) and json.loads(page).get("cores") == 2

        wait_for("a guest that has counted its processors", counted, 300, made.log_end)
