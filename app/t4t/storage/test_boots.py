"""What the last test boot came to, kept so that a report can tell it: a helper's first question, which nobody should have to answer by booting again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.facts import Trial  # noqa: TC001 - msgspec reads it at run time
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)

FILE: Final = "test-boot.json"
"""In the data folder."""


class TestBoot(msgspec.Struct, frozen=True, kw_only=True):
    """One look with a test boot: when, by which version of this program, and what each hypervisor that was tried did."""

    __test__ = False  # no test, whatever its name begins with

    at: float
    version: str
    virtualbox: Trial | None = None
    qemu: Trial | None = None


def keep(data: Path, boot: TestBoot) -> None:
    """In the place of the one before. What can't be written is not told: it is only a memory."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        write_atomic(data / FILE, msgspec.json.encode(boot))
    except OSError as error:
        _log.info("the test boot is not written down: %s", error)


def last(data: Path) -> TestBoot | None:
    """The last one; None if there was none, or none that can be read."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=TestBoot)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
