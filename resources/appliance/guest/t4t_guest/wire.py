"""Messages of the mirror: JSON objects, one a line, read from a stream that may begin or break anywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from t4t_guest.folder import is_plain_path

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LINE = 65_536
_LISTING_BYTES = 60_000
_HASH_LENGTH = 64
_START = b'{"t":'

Message = dict[str, object]


class LineReader:
    """Cuts a stream into messages. Lines that are too long or no JSON object are left out."""

    def __init__(self) -> None:
        """Start at the beginning of a line."""
        self._buffer = b""

    def feed(self, data: bytes) -> list[Message]:
        """Messages that are complete with these bytes."""
        *lines, rest = (self._buffer + data).split(b"\n")
        messages = []
        for line in lines:
            message = _parse(line)
            if message is None:
                # The line broke in the middle of a message and the next session's first one stands right behind its beginning.
                message = _parse(line[max(line.rfind(_START), 0) :])
            if message is not None:
                messages.append(message)
        # Of an endless line only an end is kept in which a message of full length may stand.
        self._buffer = rest if len(rest) < 2 * MAX_LINE else rest[-MAX_LINE:]
        return messages


def _parse(line: bytes) -> Message | None:
    if len(line) >= MAX_LINE:
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def encode(message: Mapping[str, object]) -> bytes:
    """A message as a line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def listing_messages(first: str, session: str, files: Mapping[str, str]) -> list[Message]:
    """A listing as one message of kind `first` and as many of kind `files` as it needs."""
    parts: list[dict[str, str]] = [{}]
    size = 0
    for path in sorted(files):
        cost = len(path) + _HASH_LENGTH + 8
        if size + cost > _LISTING_BYTES:
            parts.append({})
            size = 0
        parts[-1][path] = files[path]
        size += cost
    last = len(parts) - 1
    return [{"t": "files" if number else first, "session": session, "more": number < last, "files": part} for number, part in enumerate(parts)]


def read_listing(message: Message) -> dict[str, str]:
    """Files of a listing message, wrong entries left out."""
    files = message.get("files")
    if not isinstance(files, dict):
        return {}
    return {path: value for path, value in files.items() if is_plain_path(path) and isinstance(value, str)}
