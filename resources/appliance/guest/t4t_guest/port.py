"""The serial port of the mirror: never waits, and does not mind that nobody is at the other end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t_guest.mirror import Mirror

_READ_BYTES = 1 << 16
_MOST_ROUNDS = 64


class MirrorPort:
    """Carries bytes between a mirror and the port."""

    def __init__(self, device: str, mirror: Mirror) -> None:
        """Open the port.

        Raises OSError.
        """
        self.descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
        self.mirror = mirror
        self.blocked = False
        """Whether bytes wait for the host to read; it is then worth to wake up when the port can be written."""
        self.quiet = False
        """Whether nobody is at the other end; the port then always looks readable and must not be waited for."""

    def exchange(self) -> None:
        """Read all that is there, write all that fits."""
        for _ in range(_MOST_ROUNDS):
            progress = self._read()
            progress = self._write() or progress
            if not progress:
                return

    def _read(self) -> bool:
        try:
            data = os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            self.quiet = False
            return False
        except OSError:
            self.quiet = True
            return False
        # No bytes and no "would block": the host's end is closed.
        self.quiet = not data
        if data:
            self.mirror.receive(data)
        return bool(data)

    def _write(self) -> bool:
        output = self.mirror.pending()
        self.blocked = False
        if not output:
            return False
        try:
            sent = os.write(self.descriptor, output[:_READ_BYTES])
        except BlockingIOError:
            self.blocked = True
            return False
        except OSError:
            return False
        del output[:sent]
        return True
