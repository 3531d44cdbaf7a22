"""VirtualBox's official place for downloads, as text: which version is the stable one, which file is for whom, and its digest.

Layout (seen since 2010): ``LATEST-STABLE.TXT`` with one version; ``<version>/SHA256SUMS`` with lines ``<64 hex> *<file>``; the files beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from t4t.domain.facts import System
from t4t.domain.install_errors import LayoutStrange
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE: Final = "https://download.virtualbox.org/virtualbox"
LATEST: Final = "LATEST-STABLE.TXT"
SUMS: Final = "SHA256SUMS"
KEY_FILE: Final = "oracle_vbox_2016.asc"
KEY: Final = f"https://www.virtualbox.org/download/{KEY_FILE}"
FINGERPRINT: Final = "B9F8D658297AF3EFC18D5CDFA2F683C52980AECF"
"""Of the key that signs Oracle's repositories since 2016, as https://www.virtualbox.org/wiki/Linux_Downloads names it."""
_VERSION: Final = re.compile(r"\s*([0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,3})\s*")
_LINE: Final = re.compile(r"([0-9a-fA-F]{64}) [ *](\S{1,200})")
_FILES: Final = {System.WINDOWS: r"VirtualBox-{version}-[0-9]{{1,7}}-Win\.exe", System.MACOS: r"VirtualBox-{version}-[0-9]{{1,7}}-OSX\.dmg"}


@record
class Release:
    """One version and the digests of its files."""

    version: str
    sums: Mapping[str, str]

    def file_for(self, system: System) -> tuple[str, str]:
        """Name and SHA-256 of the installer for ``system``; raises `LayoutStrange` unless there is exactly one."""
        pattern = re.compile(_FILES[system].format(version=re.escape(self.version)))
        found = [(name, digest) for name, digest in self.sums.items() if pattern.fullmatch(name)]
        if len(found) != 1:
            raise LayoutStrange(file=SUMS, detail=f"{len(found)} files for {system.value}")
        return found[0]


def latest(text: str) -> str:
    """The version that ``LATEST-STABLE.TXT`` names; raises `LayoutStrange`."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise LayoutStrange(file=LATEST, detail="no version in it")
    return found[1]


def sums(text: str) -> dict[str, str]:
    """The digests by file name; lines that are none are left out, two digests for one name are refused. Raises `LayoutStrange`."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            continue
        if found.setdefault(match[2], match[1].lower()) != match[1].lower():
            raise LayoutStrange(file=SUMS, detail="two digests for one file")
    if not found:
        raise LayoutStrange(file=SUMS, detail="no digest in it")
    return found
