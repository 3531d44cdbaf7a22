"""A project's statistics exports (``user.gz``, ``team.gz``): hundreds of MB of XML as a stream of records, in constant memory.

The files are written by one program in one layout, so records are found by their end tags and fields by a pattern, at nearly the speed of an XML
parser that does nothing with what it reads. What does not look like a record is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from isal import isal_zlib
from isal.igzip_lib import IsalError

from t4t.domain.loose_xml import decode, unescape
from t4t.domain.project_errors import ArchiveRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_STEP: Final = 1024 * 1024
_LONGEST_RECORD: Final = 64 * 1024
_FIELD: Final = re.compile(rb"<(\w{1,40}+)>([^<]*+)</")
_LARGEST: Final = 1e18


def unpacked(path: Path) -> Iterator[bytes]:
    """The plain content of a gzip file, at most 1 MiB at a time; raises `ArchiveRefused` or `OSError`."""
    member = isal_zlib.decompressobj(16 + isal_zlib.MAX_WBITS)
    with path.open("rb") as file:
        data = file.read(_STEP)
        while data:
            try:
                piece = member.decompress(data, _STEP)
            except IsalError as error:  # type: ignore[misc]  # its stub calls the class an instance
                raise ArchiveRefused(file=path.name, reason="it is damaged") from error
            if piece:
                yield piece
            if member.eof:
                return
            data = member.unconsumed_tail or file.read(_STEP)
    raise ArchiveRefused(file=path.name, reason="its end is missing")


def records(chunks: Iterable[bytes], tag: str, names: Sequence[bytes] = ()) -> Iterator[Mapping[bytes, bytes]]:
    """The fields of each ``<tag>`` as they are written, all or (a third faster) those of these ``names``; see `text_of` and `number_of`.

    A record longer than 64 KiB is passed over, as is one without a field.
    """
    field = re.compile(rb"<(%s)>([^<]*+)</" % b"|".join(map(re.escape, names))) if names else _FIELD
    end = f"</{tag}>".encode()
    rest = b""
    for chunk in chunks:
        whole = (rest + chunk).split(end)
        rest = whole.pop()[-_LONGEST_RECORD:]
        for record in whole:
            fields = dict(field.findall(record[-_LONGEST_RECORD:]))
            if fields:
                yield fields


def parts_with(chunks: Iterable[bytes], tag: str, wanted: Sequence[bytes]) -> Iterator[bytes]:
    """Those parts of a stream, cut between records, in which one of these runs of bytes stands: much faster than `records`, which they are made for."""
    end = f"</{tag}>".encode()
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        at = data.rfind(end)
        cut = at + len(end) if at >= 0 else 0
        if any(one in data for one in wanted):
            yield data[:cut]
        rest = data[cut:][-_LONGEST_RECORD:]


def text_of(raw: bytes) -> str:
    """A field as text on one line."""
    return "".join(c for c in unescape(decode(raw)) if c.isprintable()).strip()


def number_of(raw: bytes) -> float:
    """A field as a number from 0 on; anything else is 0."""
    try:
        value = float(raw)
    except ValueError:
        return 0.0
    return value if 0.0 <= value < _LARGEST else 0.0
