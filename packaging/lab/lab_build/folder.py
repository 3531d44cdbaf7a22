"""The laboratory's folder: what is in it, when it is complete, who may use it at the same time."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MANIFEST: Final = "manifest.json"
"""Written last, before the folder gets its name: a folder without it is no laboratory."""
ROOT: Final = "root"
"""The Debian system inside the laboratory's folder."""
DISPLAY: Final = ":99"
RUNTIME_DIR: Final = "/run/lab"
CHECKOUT: Final = "/checkout"
SCRATCH: Final = "/scratch"
APPLIANCE: Final = "/appliance"
VENV: Final = "/opt/t4t"
MOUNT_POINTS: Final = (CHECKOUT, SCRATCH, APPLIANCE)

_START = time.monotonic()


class LabFailed(Exception):
    """The laboratory can't be built or entered; the text is one sentence for the person who wanted it."""


def say(text: str) -> None:
    """Print one progress line with the seconds since the start."""
    print(f"[{time.monotonic() - _START:6.1f} s] lab: {text}", file=sys.stderr, flush=True)


def recipe_hash(files: Iterable[Path], extra: Iterable[str]) -> str:
    """Hash of what decides what is built: some files' contents and some texts."""
    total = hashlib.sha256()
    for path in files:
        total.update(path.read_bytes())
    for text in extra:
        total.update(b"\0" + text.encode())
    return total.hexdigest()[:16]


def read_manifest(lab: Path) -> dict[str, Any]:
    """Manifest of a complete laboratory, or nothing."""
    try:
        content = json.loads((lab / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def locked(lab: Path, *, shared: bool) -> Iterator[None]:
    """Hold the laboratory: runs share it, a build or removal has it alone and waits for them."""
    lab.parent.mkdir(parents=True, exist_ok=True)
    with (lab.parent / f".{lab.name}.lock").open("a") as stream:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(stream, how | fcntl.LOCK_NB)
        except OSError:
            say("another build or run holds the laboratory, waiting for it")
            fcntl.flock(stream, how)
        yield


def remove_tree(folder: Path) -> None:
    """Remove a folder tree of the laboratory, but never through a mount into the machine's own files."""
    if not folder.exists():
        return
    inside = f"{folder.resolve()}/"
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        if (line.split()[4] + "/").startswith(inside):
            raise LabFailed(f"something is mounted in {folder}; it is not removed")
    shutil.rmtree(folder)


def leftovers(lab: Path) -> Iterator[Path]:
    """Folders that interrupted builds of this laboratory left behind. Only under its lock."""
    yield from lab.parent.glob(f".{lab.name}-build-*")
    yield from lab.parent.glob(f".{lab.name}-old-*")
