"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
from typing import IO


def write_whole(path: str, content: bytes) -> None:
    """Write under a temporary name in the same folder, one the mirror never lists, then rename.

    Raises OSError.
    """
    folder, _, name = path.rpartition("/")
    part = f"{folder or '.'}/.t4t-part-{name}"
    with open(part, "wb") as stream:  # noqa: PTH123 -- pathlib is slow to import
        stream.write(content)
    os.replace(part, path)  # noqa: PTH105 -- as above


def write_json(path: str, value: object) -> None:
    """Write a value as JSON, whole."""
    write_whole(path, json.dumps(value, separators=(",", ":")).encode() + b"\n")


def read_bytes(path: str, limit: int) -> bytes | None:
    """Content of a file, at most `limit` bytes of it; None where it can't be read."""
    try:
        stream: IO[bytes] = open(path, "rb")  # noqa: PTH123, SIM115 -- closed below; pathlib is slow to import
        with stream:
            return stream.read(limit)
    except OSError:
        return None


def read_text(path: str, limit: int = 1 << 20) -> str | None:
    """Text of a file, at most `limit` bytes of it; None where it can't be read."""
    content = read_bytes(path, limit)
    return None if content is None else content.decode("utf-8", "replace")


def read_json(path: str) -> dict[str, object]:
    """JSON object in a file; empty where there is none or it is something else."""
    text = read_text(path, 1 << 26)
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
