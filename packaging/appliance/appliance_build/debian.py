"""Debian packages, fetched and unpacked without root; apt checks their signatures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from appliance_build.commands import run
from appliance_build.stages import BuildFailed, say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Package(NamedTuple):
    """A Debian package in the version apt would install now."""

    name: str
    version: str


def candidates(names: Iterable[str]) -> list[Package]:
    """Candidate versions of packages.

    Raises BuildFailed where apt knows none, for example before the first `apt-get update`.
    """
    wanted = list(names)
    versions: dict[str, str] = {}
    current = ""
    for line in run(["apt-cache", "policy", *wanted]).splitlines():
        if not line.startswith(" "):
            current = line.rstrip(":").split(":")[0]
        elif match := re.match(r"  Candidate: (\S+)$", line):
            versions[current] = match[1]
    missing = [name for name in wanted if versions.get(name, "(none)") == "(none)"]
    if missing:
        raise BuildFailed(f"apt knows no candidate for {', '.join(missing)}; run 'apt-get update' (as root) once and start again")
    return [Package(name, versions[name]) for name in wanted]


def kernel_source() -> Package:
    """The source of the distribution's own kernel, not of a newer one that is offered beside it."""
    match = re.search(r"Depends: (linux-source-6\.\d+)", run(["apt-cache", "depends", "linux-source"]))
    if match is None:
        raise BuildFailed("apt does not say which Linux 6 the package linux-source stands for; run 'apt-get update' (as root) once and start again")
    return candidates([match[1]])[0]


def guest_python() -> str:
    """Version (`3.N`) of the distribution's Python, which becomes the guest's."""
    match = re.search(r"python(3\.\d+)-minimal", run(["apt-cache", "depends", "python3-minimal"]))
    if match is None:
        raise BuildFailed("apt does not say which Python python3-minimal stands for; run 'apt-get update' (as root) once and start again")
    return match[1]


def download(packages: Iterable[Package], folder: Path) -> list[Path]:
    """Fetch packages into a folder in one go and return the files in the order of their names."""
    wanted = list(packages)
    say(f"fetching {', '.join(package.name for package in wanted)}")
    # As root apt would change to the user "_apt", who can't write here; for an ordinary user the option does nothing.
    run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *(f"{package.name}={package.version}" for package in wanted)], folder=folder)
    files = sorted(folder.glob("*.deb"))
    if len(files) < len(wanted):
        raise BuildFailed(f"apt fetched {len(files)} of {len(wanted)} packages")
    return files


def unpack(archives: Iterable[Path], folder: Path) -> None:
    """Unpack package files over each other into a folder."""
    for archive in archives:
        run(["dpkg-deb", "-x", archive, folder])
