"""Who signed a file: Authenticode on Windows, Apple's signatures of installer packages on macOS. On Linux the package manager checks what it installs."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_DEVELOPER: Final = re.compile(r"^\s*1\. Developer ID Installer: (.{1,100}) \(([A-Z0-9]{10})\)\s*$", re.MULTILINE)
_SECONDS: Final = 120.0


def package_signer(text: str) -> str:
    """The developer whom ``pkgutil --check-signature`` names as the first of the chain; empty if there is none."""
    found = _DEVELOPER.search(text)
    return "" if found is None else found[1]


class ApplePublisher:
    """`t4t.host.changing.Publisher` by pkgutil (who) and spctl (whether this Mac takes it: revoked or not notarised ones it does not)."""

    def signer(self, file: Path) -> str:
        """See `Publisher.signer`."""
        assessed = subprocess.run(("spctl", "--assess", "--type", "install", str(file)), capture_output=True, timeout=_SECONDS, check=False)
        checked = subprocess.run(("pkgutil", "--check-signature", str(file)), capture_output=True, timeout=_SECONDS, check=False)
        if assessed.returncode or checked.returncode:
            return ""
        return package_signer(checked.stdout.decode(errors="replace"))


class NoPublisher:
    """Knows nobody."""

    def signer(self, file: Path) -> str:
        """Nobody, whatever ``file`` is."""
        del file
        return ""


def publisher() -> ApplePublisher | NoPublisher:
    """Of this system (Windows' is `t4t.host.authenticode`)."""
    return ApplePublisher() if sys.platform == "darwin" else NoPublisher()
