"""What apt knows of packages, asked in plain English; and the word of Debian's family for its release."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.virtualbox_install import Package

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECONDS: Final = 30.0
_BLOCK: Final = re.compile(r"^(\S[^\n]*?):\n((?:[ \t]+[^\n]*\n?)*)", re.MULTILINE)
_LINE: Final = re.compile(r"^  (Installed|Candidate): (\S+)$", re.MULTILINE)
_NONE: Final = "(none)"
_CODENAME: Final = re.compile(r"""^(UBUNTU_CODENAME|VERSION_CODENAME|DEBIAN_CODENAME)=["']?([a-z]{2,20})["']?$""", re.MULTILINE)
_PREFERRED: Final = ("UBUNTU_CODENAME", "DEBIAN_CODENAME", "VERSION_CODENAME")
"""A distribution made of another one names that one's release first."""


def policy(text: str) -> dict[str, Package]:
    """``apt-cache policy`` by package; an epoch before the version is left out."""
    found = {}
    for name, body in _BLOCK.findall(text):
        said = {key: "" if value == _NONE else value.rpartition(":")[2] for key, value in _LINE.findall(body)}
        found[name] = Package(installed=said.get("Installed", ""), candidate=said.get("Candidate", ""))
    return found


async def ask_apt(names: Sequence[str]) -> Mapping[str, Package]:
    """What apt says of ``names``, those that it knows; nothing where there is no apt or it does not answer."""
    program = shutil.which("apt-cache")
    if program is None or not names:
        return {}
    process = await asyncio.create_subprocess_exec(
        *(program, "policy", *names),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"LC_ALL": "C"},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            out, _ = await process.communicate()
    except TimeoutError:
        return {}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return policy(out.decode(errors="replace"))


def codename(root: Path = Path("/")) -> str:
    """The word for this release of Debian or Ubuntu; empty if there is none."""
    try:
        text = (root / "etc/os-release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = dict(_CODENAME.findall(text))
    return next((found[name] for name in _PREFERRED if name in found), "")
