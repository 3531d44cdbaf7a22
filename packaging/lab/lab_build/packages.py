"""Debian packages for the laboratory: today's, or, while Debian's archive is between two states, those of the last build that worked."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from lab_build.folder import LabFailed, say

if TYPE_CHECKING:
    from pathlib import Path

SUITE: Final = "sid"
COMPONENTS: Final = "main,contrib"
WANTED: Final = (
    "virtualbox",
    "virtualbox-qt",  # the frontend VirtualBoxVM, which runs without a driver
    "python3-pyside6.qtgui",  # draws the picture of the demo; built for the Qt of virtualbox-qt
    "virtualbox-source",  # meets virtualbox's dependency on a module without compiling one
    "xvfb",
    "python3-venv",
    "procps",
    "systemd-standalone-sysusers",
)
_SET: Final = "kept-set.json"
_INCOMING: Final = "incoming"


def run(words: list[str | Path], *, environment: dict[str, str] | None = None) -> str:
    """Run a tool to its end and return its output. Raises LabFailed with its last lines."""
    done = subprocess.run(
        [str(word) for word in words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        tail = " | ".join((done.stdout + done.stderr).strip().splitlines()[-6:])
        raise LabFailed(f"{' '.join(str(word) for word in words[:6])} failed with {done.returncode}: {tail}")
    return done.stdout


def incoming(cache: Path) -> Path:
    """Folder of the package files that a build fetches."""
    folder = cache / _INCOMING
    (folder / "partial").mkdir(parents=True, exist_ok=True)
    return folder


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keep_set(cache: Path, installed: dict[str, str]) -> None:
    """Remember the packages of a build that worked, and drop the files of older ones."""
    fields: dict[str, dict[str, str]] = {}
    for path in sorted(incoming(cache).glob("*.deb")):
        text = run(["dpkg-deb", "-f", path])
        name = _field(text, "Package")
        if installed.get(name) == _field(text, "Version"):
            fields[path.name] = {"name": name, "sha256": _hash(path), "control": text}
        else:
            path.unlink()
    missing = sorted(set(installed) - {entry["name"] for entry in fields.values()})
    if missing:
        say(f"the packages can't be used for a later build, because some files are not in the cache: {', '.join(missing[:5])}")
        return
    temporary = cache / f"{_SET}.new"
    temporary.write_text(json.dumps(fields, indent=1, sort_keys=True), encoding="utf-8")
    temporary.replace(cache / _SET)


def _field(control: str, name: str) -> str:
    return next((line.partition(":")[2].strip() for line in control.splitlines() if line.startswith(f"{name}:")), "")


def kept_archive(cache: Path, place: Path) -> Path:
    """Lay out the packages of the last build that worked as a Debian archive in `place`.

    Their signatures were checked when they were fetched; their hashes are checked here. Raises LabFailed where there is no complete set.
    """
    try:
        fields = json.loads((cache / _SET).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise LabFailed("no packages of an earlier build are kept") from None
    pool = place / "pool"
    pool.mkdir(parents=True)
    stanzas: list[str] = []
    for file, entry in sorted(fields.items()):
        source = incoming(cache) / file
        if not source.is_file() or _hash(source) != entry["sha256"]:
            raise LabFailed(f"of the kept packages {file} is missing or damaged")
        try:
            os.link(source, pool / file)
        except OSError:
            shutil.copyfile(source, pool / file)
        size = source.stat().st_size
        stanzas.append(f"{entry['control'].rstrip()}\nFilename: pool/{file}\nSize: {size}\nSHA256: {entry['sha256']}\n\n")
    index = "".join(stanzas).encode()
    sums = []
    architecture = run(["dpkg", "--print-architecture"]).strip()
    for component in COMPONENTS.split(","):
        content = index if component == "main" else b""
        folder = place / "dists" / SUITE / component / f"binary-{architecture}"
        folder.mkdir(parents=True)
        for name, data in (("Packages", content), ("Packages.gz", gzip.compress(content, mtime=0))):
            (folder / name).write_bytes(data)
            sums.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {component}/binary-{architecture}/{name}")
    words = ["Origin: kept", f"Suite: {SUITE}", f"Codename: {SUITE}", f"Architectures: {architecture}", f"Components: {COMPONENTS.replace(',', ' ')}"]
    release = "\n".join([*words, "Date: Thu, 01 Jan 2026 00:00:00 UTC", "SHA256:", *sums, ""])
    (place / "dists" / SUITE / "Release").write_text(release, encoding="utf-8")
    return place


def installed_versions(root: Path) -> dict[str, str]:
    """Names and versions of all packages in a system folder."""
    text = run(["chroot", root, "dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\\n"], environment=chroot_environment())
    return {words[0]: words[1] for words in (line.split() for line in text.splitlines()) if words[2:] == ["installed"]}


def chroot_environment(**more: str) -> dict[str, str]:
    """The environment of a tool in the laboratory while it is built."""
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"} | more
