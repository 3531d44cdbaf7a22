"""Just enough HTTP for the pilot's queue; the library's client would double the import time."""

from __future__ import annotations

import socket
from typing import NamedTuple

_TIMEOUT_SECONDS = 20.0
_MOST_BYTES = 1 << 20


class Answer(NamedTuple):
    """An answer of the queue."""

    status: int
    body: bytes


class QueueError(Exception):
    """The queue can't be reached or does not speak HTTP."""


def split_url(url: str) -> tuple[str, int, str]:
    """Host, port and path of an `http://` URL, without a slash at the end.

    Raises QueueError.
    """
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    if scheme != "http" or not host or (port and not port.isdigit()) or not url.isascii() or not url.isprintable() or " " in url:
        raise QueueError(f"not an http URL: {url[:100]!r}")
    return host, int(port or "80"), (slash + path).rstrip("/")


def request(method: str, url: str, body: bytes = b"") -> Answer:
    """Send one request and read the answer.

    Raises QueueError.
    """
    host, port, path = split_url(url)
    head = f"{method} {path or '/'} HTTP/1.0\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    received = b""
    try:
        # The name as bytes: as a text it would pass the codec for international names, which is not in the guest.
        family, kind, protocol, _, address = socket.getaddrinfo(host.encode(), port, socket.AF_INET, socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as line:
            line.settimeout(_TIMEOUT_SECONDS)
            line.connect(address)
            line.sendall(head.encode() + body)
            while len(received) < _MOST_BYTES and (data := line.recv(65_536)):
                received += data
    except OSError as error:
        raise QueueError(str(error)) from error
    header, _, content = received.partition(b"\r\n\r\n")
    words = header.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():  # noqa: PLR2004 -- "HTTP/1.x" and the number
        raise QueueError("the queue's answer is no HTTP")
    return Answer(int(words[1]), content)
