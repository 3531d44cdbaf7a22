"""Where tests write very often."""

from __future__ import annotations

from pathlib import Path


def scratch() -> str | None:
    """Memory, where there is a file system in it: thousands of fsyncs a minute are not what is tested."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a place for a temporary folder
