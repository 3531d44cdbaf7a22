"""VirtualBox's version numbers: typed, ordered, read out of whatever stands around them."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Final

from t4t.domain.errors import HypervisorBroken

NAME: Final = "virtualbox"
"""This hypervisor's name in errors and capabilities."""


class Stage(enum.IntEnum):
    """How finished a build is; test builds of a version come before it."""

    ALPHA = 0
    BETA = 1
    RC = 2
    RELEASE = 3


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """One VirtualBox version. Comparison knows number and stage; ``edition`` (the packager's word) and ``revision`` are for people."""

    major: int
    minor: int
    build: int = 0
    stage: Stage = Stage.RELEASE
    edition: str = field(default="", compare=False)
    revision: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """As VirtualBox writes it, without the revision."""
        return f"{self.major}.{self.minor}.{self.build}" + (f"_{self.edition}" if self.edition else "")

    @property
    def number(self) -> str:
        """The three numbers alone, as BOINC's scheduler wants them."""
        return f"{self.major}.{self.minor}.{self.build}"


FLOOR: Final = Version(7, 0, 0, Stage.ALPHA)
"""The oldest version that we drive: since 7.0 a VM process that is told to end saves its state, and LHC@home asks for 7.0 too."""

_VERSION: Final = re.compile(r"^[ \t]*([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,6})(?:_([A-Za-z0-9.+~-]{1,64}?))?(?:r([0-9]{1,12}))?[ \t]*$", re.MULTILINE)


def read_version(text: str) -> Version | None:
    """The last line of ``text`` that is a version and nothing else; None if there is none.

    Debian's start script, and VBoxManage itself, put a WARNING about the kernel driver before the version, on standard output.
    """
    found = _VERSION.findall(text.replace("\r", ""))
    if not found:
        return None
    major, minor, build, edition, revision = found[-1]
    return Version(int(major), int(minor), int(build), _stage(edition), edition, int(revision or 0))


def _stage(edition: str) -> Stage:
    word = edition.upper()
    return next((stage for stage in (Stage.ALPHA, Stage.BETA, Stage.RC) if re.match(rf"{stage.name}[0-9]*\Z", word)), Stage.RELEASE)


def usable_version(text: str) -> Version:
    """The version in ``text``; `HypervisorBroken` if there is none or it is below `FLOOR`. A newer one than we know is welcome."""
    version = read_version(text)
    if version is None:
        raise HypervisorBroken(hypervisor=NAME, detail=text.strip()[-200:] or "no version")
    if version < FLOOR:
        raise HypervisorBroken(hypervisor=NAME, detail=f"version {version} is too old, {FLOOR.major}.{FLOOR.minor} is needed")
    return version
