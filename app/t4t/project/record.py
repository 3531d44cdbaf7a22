"""A recorded HTTP reply: its head, if it has one, and its body without transfer coding."""

from __future__ import annotations

import re
import zlib
from dataclasses import field
from typing import Final

from t4t.domain.record import record

_STATUS: Final = re.compile(rb"HTTP/[0-9.]{1,5} ([0-9]{3})\b[^\r\n]*\r?\n")
_HEADER: Final = re.compile(rb"([!-9;-~]{1,100}+):[ \t]*+([^\r\n]{0,8000}+)\r?\n")
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8}+)(?:;[^\r\n]{0,1000}+)?\r?\n")
_LARGEST: Final = 64 * 1024 * 1024


@record(kw_only=True)
class Recorded:
    """A reply as it was received; ``status`` is 0 where there is no head. Names of headers are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def read_record(data: bytes) -> Recorded:
    """Split ``data``; what is no HTTP reply is a body without head. Never raises."""
    found = _STATUS.match(data)
    if found is None:
        return Recorded(body=data)
    headers: dict[str, str] = {}
    position = found.end()
    while header := _HEADER.match(data, position):
        headers[header[1].decode("ascii").lower()] = header[2].decode("latin-1").strip()
        position = header.end()
    body = re.sub(rb"\A\r?\n", b"", data[position:], count=1)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunked(body)
    if headers.get("content-encoding", "").lower() in {"gzip", "x-gzip", "deflate"}:
        body = _inflated(body)
    return Recorded(status=int(found[1]), headers=headers, body=body)


def _unchunked(body: bytes) -> bytes:
    """The chunks of ``body`` one after the other, as far as they go; a body that was recorded without chunks is left alone."""
    pieces = []
    position = 0
    while size := _SIZE.match(body, position):
        length = int(size[1], 16)
        pieces.append(body[size.end() : size.end() + length])
        position = size.end() + length
        if body.startswith(b"\r\n", position):
            position += 2
        if not length:
            break
    return b"".join(pieces) if pieces else body


def _inflated(body: bytes) -> bytes:
    """A compressed reply, at most 64 MiB of it; what is not compressed after all is left alone."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, _LARGEST)
    except zlib.error:
        return body
