"""The fingerprint of an OpenPGP public key file (RFC 9580, version 4 keys): enough to know whether it is the one key that we expect."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final

_ARMOR: Final = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[A-Za-z]+: [^\n]*\n)*\r?\n([A-Za-z0-9+/=\r\n]+?)"
    r"(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END PGP"
)
_PUBLIC_KEY: Final = 6
_NEW_FORMAT: Final = 0x40
_PACKET: Final = 0x80
_VERSION: Final = 4
_ONE_BYTE: Final = 192
_TWO_BYTES: Final = 224
_FOUR_BYTES: Final = 255


def fingerprints(text: str) -> tuple[str, ...]:
    """The fingerprints (40 hex digits, upper case) of all primary keys in armoured ``text``; empty if it can't be read to its end."""
    found: list[str] = []
    blocks = _ARMOR.findall(text)
    try:
        for block in blocks:
            found += _primary(base64.b64decode("".join(block.split()), validate=True))
    except (binascii.Error, IndexError):
        return ()
    return tuple(found)


def _primary(data: bytes) -> list[str]:
    """Raises `IndexError` where a packet is cut off."""
    found = []
    while data:
        kind, body, data = _packet(data)
        if kind == _PUBLIC_KEY:
            if body[0] != _VERSION:
                raise IndexError
            found.append(hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest().upper())
    return found


def _packet(data: bytes) -> tuple[int, bytes, bytes]:
    """The first packet's kind and body, and what follows it."""
    head = data[0]
    if not head & _PACKET:
        raise IndexError
    if head & _NEW_FORMAT:
        kind, (start, size) = head & 0x3F, _new_length(data)
    else:
        width = 1 << (head & 3)
        if width > 4:  # noqa: PLR2004 - of undefined length, which no key has
            raise IndexError
        kind, start, size = head >> 2 & 0xF, 1 + width, int.from_bytes(data[1 : 1 + width], "big")
    if not size or len(data) < start + size:
        raise IndexError
    return kind, data[start : start + size], data[start + size :]


def _new_length(data: bytes) -> tuple[int, int]:
    first = data[1]
    if first < _ONE_BYTE:
        return 2, first
    if first < _TWO_BYTES:
        return 3, ((first - _ONE_BYTE) << 8) + data[2] + _ONE_BYTE
    if first == _FOUR_BYTES:
        return 6, int.from_bytes(data[2:6], "big")
    raise IndexError
