"""What a Linux package is made of, as nfpm reads it: files with their places, and what of the system it needs."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

from bundle_build import contents, version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

NAME: Final = "t4t"
PLACE: Final = f"/usr/lib/{NAME}"
_NEEDED: Final = re.compile(r"^\s+NEEDED\s+(\S+)$", re.MULTILINE)
_GLIBC: Final = re.compile(r"\(GLIBC_2\.(\d+)\)|GLIBC_2\.(\d+)\b")
_HOMEPAGE: Final = "https://lhcathome.web.cern.ch/projects/test4theory"
MAINTAINER: Final = "The Test4Theory Desktop developers <test4theory@example.org>"
_DESCRIPTION: Final = """Give spare computing time to LHC physics
Test4Theory simulates collisions of particles in a virtual machine, within the
limits that its user sets, and compares models with CERN's experiments.
.
The program has an icon in the tray, a window, and a command for computers
without a screen. It does not start by itself until it is told to."""


class Unlisted(ValueError):
    """The bundle needs a library of the system that nobody has looked at."""


def programs(bundle: Path) -> Iterator[Path]:
    """Every program and library in it."""
    for path in sorted(bundle.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def needed(files: Iterable[Path], bundle: Path) -> dict[str, set[str]]:
    """The system's libraries that ``files`` need, each with who needs it; what lies in the bundle itself is no question."""
    own = {path.name for path in bundle.rglob("*")}
    found: dict[str, set[str]] = {}
    for path in files:
        said = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=True).stdout
        for name in _NEEDED.findall(said):
            if name not in own:
                found.setdefault(name, set()).add(str(path.relative_to(bundle)))
    return found


def oldest_glibc(bundle: Path) -> int:
    """The N of the glibc 2.N that is new enough for everything in it."""
    newest = 0
    for path in programs(bundle):
        said = subprocess.run(["objdump", "-T", path], capture_output=True, text=True, check=False).stdout
        newest = max([newest, *(int(one or other) for one, other in _GLIBC.findall(said))])
    return newest


def packages(libraries: Iterable[str], *, glibc: int) -> list[str]:
    """Debian's packages that have ``libraries``; raises `Unlisted`."""
    unlisted = sorted(set(libraries) - set(contents.SYSTEM))
    if unlisted:
        raise Unlisted(", ".join(unlisted))
    return sorted({f"libc6 (>= 2.{glibc})" if contents.SYSTEM[name] == "libc6" else contents.SYSTEM[name] for name in libraries})


def for_rpm(libraries: Iterable[str]) -> list[str]:
    """The same as RPM's distributions all know them: by the libraries' own names."""
    return sorted(f"{name}()(64bit)" for name in libraries if not name.startswith("ld-linux"))


def split(files: Mapping[str, set[str]]) -> tuple[set[str], set[str]]:
    """Of what `needed` says: the libraries without which nothing runs, and those that only a computer with a screen needs."""
    always = {name for name, users in files.items() if any("PySide6/" not in user and "shiboken6/" not in user and "/libxcb-" not in user for user in users)}
    return always, set(files) - always


def package(*, bundle: Path, staged: Path, libraries: Mapping[str, set[str]], glibc: int, mtime: str, architecture: str) -> dict[str, Any]:
    """Nfpm's description of the .deb and the .rpm; ``staged`` has the files beside the bundle."""
    always, screen = split(libraries)
    asked = packages(always, glibc=glibc)
    small = {"mode": 0o644}
    return {
        "name": NAME,
        "arch": architecture,
        "platform": "linux",
        "version": version.version(),
        "release": "1",
        "section": "science",
        "priority": "optional",
        "maintainer": MAINTAINER,
        "description": _DESCRIPTION,
        "homepage": _HOMEPAGE,
        "license": "GPL-3.0-or-later",
        "mtime": mtime,
        "contents": [
            {"src": f"{bundle}/", "dst": PLACE, "type": "tree"},
            {"src": f"{PLACE}/t4t", "dst": "/usr/bin/t4t", "type": "symlink"},
            {"src": str(staged / "t4t.apparmor"), "dst": f"{PLACE}/t4t.apparmor", "file_info": small},
            {"src": str(staged / "t4t.desktop"), "dst": "/usr/share/applications/t4t.desktop", "file_info": small},
            {"src": str(staged / "org.t4t.desktop.metainfo.xml"), "dst": "/usr/share/metainfo/org.t4t.desktop.metainfo.xml", "file_info": small},
            {"src": str(staged / "t4t.service"), "dst": "/usr/lib/systemd/user/t4t.service", "file_info": small},
            {"src": str(staged / "t4t.svg"), "dst": "/usr/share/icons/hicolor/scalable/apps/t4t.svg", "file_info": small},
            {"src": str(staged / "t4t.png"), "dst": "/usr/share/icons/hicolor/128x128/apps/t4t.png", "file_info": small},
            {"src": str(staged / "t4t.1.gz"), "dst": "/usr/share/man/man1/t4t.1.gz", "file_info": small},
            {"src": str(staged / "copyright"), "dst": f"/usr/share/doc/{NAME}/copyright", "file_info": small},
            {"src": str(staged / "changelog.Debian.gz"), "dst": f"/usr/share/doc/{NAME}/changelog.Debian.gz", "file_info": small},
        ],
        "scripts": {"postinstall": str(staged / "postinst.sh"), "preremove": str(staged / "prerm.sh")},
        "deb": {"compression": "none"},
        "rpm": {"buildhost": "localhost", "compression": "zstd:19", "group": "Applications/Engineering", "summary": _DESCRIPTION.partition("\n")[0]},
        "overrides": {
            "deb": {
                "depends": asked,
                "recommends": ["ca-certificates", *sorted({*packages(screen, glibc=glibc), *contents.OPENED} - set(asked))],
                "suggests": ["virtualbox", "qemu-system-x86", "qemu-utils", "gnome-keyring | kwalletmanager | keepassxc"],
            },
            "rpm": {
                "depends": for_rpm(always),
                "recommends": ["ca-certificates", *for_rpm(screen)],
                "suggests": ["VirtualBox", "qemu-system-x86-core", "qemu-img"],
            },
        },
    }
