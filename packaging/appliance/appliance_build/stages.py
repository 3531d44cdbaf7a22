"""Stages whose results are kept by the hash of what went into them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_START = time.monotonic()
_KEPT_RESULTS = 3
"""Results of a stage kept for going back, for example from a branch with another kernel."""


class BuildFailed(Exception):
    """The build can't go on; the text is one sentence for the person who started it."""


def say(text: str) -> None:
    """Print one progress line with the seconds since the start."""
    print(f"[{time.monotonic() - _START:6.1f} s] appliance: {text}", file=sys.stderr, flush=True)


def fingerprint(inputs: Mapping[str, str]) -> str:
    """Hash of named inputs, 32 hex digits; the order of the names does not matter."""
    return hashlib.sha256(json.dumps(dict(inputs), sort_keys=True).encode()).hexdigest()[:32]


def file_hash(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_hash(folder: Path) -> str:
    """Hash of the names and contents of all files under a folder, links by their target, caches of Python left out."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts or path.is_dir():
            continue
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        total.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lock of a cache folder; a second build waits for the first and then finds its results."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another build is running, waiting for it")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def tidy(cache: Path) -> None:
    """Remove what interrupted builds have left, and all but the latest results of each stage. Only under the lock of the cache."""
    stages: dict[str, list[Path]] = {}
    for path in cache.iterdir():
        if path.name.startswith("."):
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_dir():
            stages.setdefault(path.name.rpartition("-")[0], []).append(path)
    for results in stages.values():
        results.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in results[_KEPT_RESULTS:]:
            shutil.rmtree(path, ignore_errors=True)


def cached(cache: Path, stage: str, inputs: Mapping[str, str], make: Callable[[Path], None]) -> Path:
    """Folder with the results of a stage, made by `make(folder)` unless the same inputs were built before.

    The folder gets its name only when it is complete, so an interrupted build never looks like a finished one.
    """
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"{stage}-{fingerprint(inputs)}"
    if target.is_dir():
        say(f"{stage}: unchanged")
        os.utime(target)
        return target
    started = time.monotonic()
    work = cache / tempfile.mkdtemp(prefix=f".{stage}-", dir=cache)
    try:
        work.chmod(0o755)
        make(work)
        work.rename(target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    say(f"{stage}: built in {time.monotonic() - started:.1f} s")
    return target
