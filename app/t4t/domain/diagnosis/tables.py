"""The tables of ``resources/checks`` as typed rows, and how one is chosen. What other people's products do is data; the judgement is here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record

if TYPE_CHECKING:
    from t4t.domain.facts import Board, Kvm

Numbers = tuple[int, ...]
_TWO: Final = 2


def numbers(text: str) -> Numbers:
    """The numbers at the beginning of a version: ``6.12.9-amd64`` is (6, 12, 9); empty if there are none."""
    match = re.match(r"\d{1,5}(?:\.\d{1,6}){0,3}", text)
    return () if match is None else tuple(int(part) for part in match[0].split("."))


def _within(value: Numbers, start: str, end: str) -> bool:
    """Half open; an unknown version lies within nothing that has a limit."""
    if not value:
        return not start and not end
    return (not start or value >= numbers(start)) and (not end or value < numbers(end))


@record(kw_only=True)
class DriverRow:
    """One row of ``kernels.toml``'s ``driver``."""

    verdict: str
    source: str
    kernel_from: str = ""
    kernel_below: str = ""
    virtualbox_from: str = ""
    virtualbox_below: str = ""

    def fits(self, kernel: Numbers, virtualbox: Numbers) -> bool:
        """Whether it speaks of this pair."""
        return _within(kernel[:_TWO], self.kernel_from, self.kernel_below) and _within(virtualbox, self.virtualbox_from, self.virtualbox_below)


@record(kw_only=True)
class KvmRow:
    """One row of ``kernels.toml``'s ``kvm``; None fits both."""

    verdict: str
    source: str
    kernel_from: str = ""
    kernel_below: str = ""
    virtualbox_from: str = ""
    virtualbox_below: str = ""
    loaded: bool | None = None
    busy: bool | None = None
    at_load: bool | None = None
    usable: bool | None = None

    def fits(self, kernel: Numbers, virtualbox: Numbers, kvm: Kvm) -> bool:
        """Whether it speaks of this pair with KVM so; an unknown ``at_load`` is the kernel's default, on."""
        if not (_within(kernel[:_TWO], self.kernel_from, self.kernel_below) and _within(virtualbox, self.virtualbox_from, self.virtualbox_below)):
            return False
        wanted = ((self.loaded, kvm.loaded), (self.busy, kvm.machines > 0), (self.at_load, kvm.at_load is not False), (self.usable, kvm.usable))
        return all(want is None or want == have for want, have in wanted)


@record(kw_only=True)
class VersionRow:
    """One row of ``versions.toml``."""

    verdict: str
    source: str
    start: str
    end: str
    system: str = ""

    def fits(self, system: str, virtualbox: Numbers) -> bool:
        """Whether it speaks of this version on this system."""
        return self.system in {"", system} and _within(virtualbox, self.start, self.end)


@record(kw_only=True)
class FirmwareRow:
    """One row of ``firmware.toml``."""

    key: str
    path: str
    source: str
    vendor: str = ""
    product: str = ""

    def fits(self, board: Board) -> bool:
        """Whether it speaks of this computer: its words begin a word of the maker's name."""
        words = re.split(r"[^a-z0-9-]+", board.vendor.lower())
        return (not self.vendor or any(word.startswith(self.vendor) for word in words)) and self.product in board.product.lower()


@record(kw_only=True)
class Tables:
    """All of them."""

    driver: tuple[DriverRow, ...]
    kvm: tuple[KvmRow, ...]
    versions: tuple[VersionRow, ...]
    firmware: tuple[FirmwareRow, ...]
    oldest: str
    recommended: str

    def driver_verdict(self, kernel: Numbers, virtualbox: Numbers) -> str:
        """What is known against this driver on this kernel; empty: nothing."""
        return next((row.verdict for row in self.driver if row.fits(kernel, virtualbox)), "")

    def kvm_verdict(self, kernel: Numbers, virtualbox: Numbers, kvm: Kvm) -> str:
        """How VirtualBox and KVM get along; a version that is not known yet is taken for the recommended one."""
        version = virtualbox or numbers(self.recommended)
        return next((row.verdict for row in self.kvm if row.fits(kernel, version, kvm)), "")

    def version_verdict(self, system: str, virtualbox: Numbers) -> str:
        """What is known against this version; empty: nothing."""
        return next((row.verdict for row in self.versions if row.fits(system, virtualbox)), "")

    def firmware_row(self, board: Board) -> FirmwareRow:
        """How this computer's start-up menu is opened; the last row fits everything."""
        return next(row for row in self.firmware if row.fits(board))
