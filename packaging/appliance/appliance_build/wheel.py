"""The wheel with Pythia 8, for the guest's Python and not for the one that runs the build."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

from appliance_build.commands import run
from appliance_build.stages import BuildFailed, cached, file_hash, say

_LOCK = Path(__file__).parent.parent / "wheels.json"


class PinnedWheel(NamedTuple):
    """A wheel that is used only when its content is the one we know."""

    project: str
    version: str
    python: str
    """Guest's Python as `3.N`."""
    sha256: str


def pinned_wheel(python: str) -> PinnedWheel:
    """The Pythia wheel for a guest Python.

    Raises BuildFailed for a Python no wheel is pinned for.
    """
    pin = json.loads(_LOCK.read_text())["pythia8mc"]
    tag = "cp" + python.replace(".", "")
    if tag not in pin["sha256"]:
        raise BuildFailed(f"no Pythia wheel is pinned for Python {python} in {_LOCK.name}; known are {', '.join(sorted(pin['sha256']))}")
    return PinnedWheel("pythia8mc", pin["version"], python, pin["sha256"][tag])


def _pip() -> list[str]:
    for python in (sys.executable, "python3", "/usr/bin/python3"):
        try:
            run([python, "-m", "pip", "--version"])
        except (BuildFailed, OSError):
            continue
        return [python, "-m", "pip"]
    raise BuildFailed("install python3-pip: it fetches the Pythia wheel")


def unpacked_wheel(cache: Path, wheel: PinnedWheel) -> Path:
    """Folder with `extension/` (the compiled module) and `share/` (Pythia's data)."""
    return cached(cache, "wheel", {"wheel": repr(wheel), "recipe": file_hash(Path(__file__))}, lambda folder: _fetch(folder, wheel))


def _fetch(folder: Path, wheel: PinnedWheel) -> None:
    say(f"fetching {wheel.project} {wheel.version}")
    options = ["--no-deps", "--only-binary=:all:", "--python-version", wheel.python, "--implementation", "cp", "--disable-pip-version-check", "-q"]
    platforms = ["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64"]
    run([*_pip(), "download", *options, *platforms, "-d", folder / "download", f"{wheel.project}=={wheel.version}"])
    (archive,) = (folder / "download").glob("*.whl")
    found = file_hash(archive)
    if found != wheel.sha256:
        raise BuildFailed(f"{archive.name} has SHA-256 {found}, not {wheel.sha256} as pinned")
    data = f"{wheel.project}-{wheel.version}.data/data/share/Pythia8/"
    with zipfile.ZipFile(archive) as content:
        for entry in content.infolist():
            name = entry.filename
            if name.startswith(f"{wheel.project}.") and name.endswith(".so"):
                target = folder / "extension" / name
            elif name.startswith(data) and not entry.is_dir() and name.removeprefix(data).split("/")[0] in {"xmldoc", "tunes", "pdfdata"}:
                target = folder / "share" / name.removeprefix(data)
            else:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with content.open(entry) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
    shutil.rmtree(folder / "download")
