"""What a VM's ``VBox.log`` tells. It is a hint to look and a reason for a failure, never the source of a VM's state. Pure but for `Tail`.

Lines, as VirtualBox 7.2 writes them: ``Process ID: N``; ``Console: Machine state changed to 'Paused'``; ``Changing the VM state from 'RUNNING' to
'SUSPENDING'``; ``NAT#0: configuration error: failed to set up redirection of 18080 to 80``; ``HM: HMR3Init: Falling back on IEM: NEM not available``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "VBox.log"
_STATE: Final = re.compile(r"Machine state changed to|Changing the VM state")
_STATE_WORD: Final = re.compile(r"Console: Machine state changed to '(\w+)'")
_PROCESS: Final = re.compile(r"Process ID: ([0-9]{1,9})\b")
_REDIRECTION: Final = re.compile(r"failed to set up redirection of ([0-9]{1,5}) to ([0-9]{1,5})")
_INTERPRETED: Final = re.compile(r"HMR3Init: Falling back on IEM|fIemExecutesAll=true|Driverless mode")
_LENT: Final = re.compile(r"NEM: NEMR3Init: Active|Snail execution mode is active|HMR3Init: Attempting fall back to NEM(?![\s\S]*Falling back on IEM)")
_HARDWARE: Final = re.compile(r"HM: (?:HMR3Init: (?:VT-x|AMD-V)|VMX enabled|Using (?:VT-x|AMD-V))")
_MOST: Final = 256 * 1024


def tells_of_state(text: str) -> bool:
    """Whether these lines say that the VM's state changed."""
    return _STATE.search(text) is not None


def last_state(text: str) -> str:
    """VirtualBox's word for the last state that the log tells of (``PoweredOff``, ``Saved``), empty if it tells of none."""
    found = _STATE_WORD.findall(text)
    return found[-1] if found else ""


def process_id(text: str) -> int | None:
    """The pid that the head of the log names."""
    found = _PROCESS.search(text)
    return None if found is None else int(found[1])


def failed_redirections(text: str) -> frozenset[tuple[int, int]]:
    """Host and guest ports that could not be forwarded since another program had the port; VirtualBox tells of it nowhere else."""
    return frozenset((int(host), int(guest)) for host, guest in _REDIRECTION.findall(text))


def execution(text: str) -> str:
    """``hardware``, ``platform`` (lent by another hypervisor), ``interpreter``, or empty if the log does not say."""
    for word, pattern in (("interpreter", _INTERPRETED), ("platform", _LENT), ("hardware", _HARDWARE)):
        if pattern.search(text):
            return word
    return ""


class Tail:
    """What a log has got since we looked last; a log that was begun anew is read from its beginning."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self.path = path
        self._offset = 0
        self._inode = 0

    def skip(self) -> None:
        """What is there now is known."""
        try:
            status = self.path.stat()
        except OSError:
            self._offset = self._inode = 0
        else:
            self._offset, self._inode = status.st_size, status.st_ino

    def read(self) -> str:
        """What was added; at most the last part of it where it is much."""
        try:
            status = self.path.stat()
            if status.st_ino != self._inode or status.st_size < self._offset:
                self._offset, self._inode = 0, status.st_ino
            if status.st_size == self._offset:
                return ""
            with self.path.open("rb") as file:
                file.seek(max(self._offset, status.st_size - _MOST))
                added = file.read()
        except OSError:
            return ""
        self._offset = status.st_size
        return added.decode(errors="replace")


def end_of(path: Path, most: int = _MOST) -> str:
    """The last part of a log, empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - most))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def head_of(path: Path, most: int = _MOST) -> str:
    """The first part of a log, empty if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(most).decode(errors="replace")
    except OSError:
        return ""
