"""What a job leaves: the archive ``output.tgz`` and its histograms in the YODA 2 text format; strict, for a guest's files are not trusted.

The archive is read in memory, nothing is written to disk, and no name in it becomes a path.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

from t4t.domain.errors import OutputUnreadable
from t4t.domain.histogram import MAX_BINS, Histogram, Tally
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_PACKED_BYTES: Final = 32 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 64 * 1024 * 1024
MAX_YODA_BYTES: Final = 16 * 1024 * 1024
MAX_JOB_BYTES: Final = 256 * 1024
MAX_MEMBERS: Final = 1024
MAX_HISTOGRAMS: Final = 1000
MAX_LINE: Final = 4096
HISTOGRAMS_NAME: Final = "histograms.yoda"
JOB_NAME: Final = "job.json"

_BEGIN: Final = re.compile(r"BEGIN (YODA_[A-Z0-9_]{1,60}) (/\S{0,1023})")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_HISTO: Final = "YODA_HISTO1D_V2"
_PLACES: Final = ("Total", "Underflow", "Overflow")
_COLUMNS: Final = 7
_BLOCK: Final = 512
_YAML_NULL: Final = "~"


@record(kw_only=True)
class ResultArchive:
    """A job's result: its histograms in the order of the file, and ``job.json`` as it is."""

    histograms: tuple[Histogram, ...]
    job: Mapping[str, object]


class _Unreadable(ValueError):
    """Why a file is refused; turned into `OutputUnreadable` where the file's name is known."""


def parse_yoda(data: bytes, *, path: str) -> list[Histogram]:
    """All Histo1D of ``data``; objects of other types are skipped. ``path`` only names the file in errors. Raises `OutputUnreadable`."""
    try:
        return list(_histograms(data))
    except ValueError as error:
        raise OutputUnreadable(path=path, reason=str(error)) from error


def read_result(path: Path) -> ResultArchive:
    """The result archive at ``path``. Raises `OutputUnreadable` for everything that it is not."""
    try:
        with path.open("rb") as file:
            packed = file.read(MAX_PACKED_BYTES + 1)
        members = _members(_unpacked(packed))
        job = _job(members[JOB_NAME])
    except KeyError as error:
        raise OutputUnreadable(path=str(path), reason=f"without {JOB_NAME}") from error
    except (OSError, ValueError) as error:
        raise OutputUnreadable(path=str(path), reason=str(error)) from error
    if HISTOGRAMS_NAME not in members:
        raise OutputUnreadable(path=str(path), reason=f"without {HISTOGRAMS_NAME}")
    return ResultArchive(histograms=tuple(parse_yoda(members[HISTOGRAMS_NAME], path=str(path))), job=job)


# --- YODA ----------------------------------------------------------------------------------------------------------


def _histograms(data: bytes) -> Iterator[Histogram]:
    if len(data) > MAX_YODA_BYTES:
        raise _Unreadable(f"larger than {MAX_YODA_BYTES} bytes")
    lines = iter(enumerate(data.decode("utf-8").split("\n"), 1))
    count = 0
    seen: set[str] = set()
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        begin = _BEGIN.fullmatch(line.rstrip())
        if begin is None:
            raise _Unreadable(f"line {number}: not the beginning of a YODA object")
        block = _block(lines, kind=begin.group(1))
        if begin.group(1) != _HISTO:
            continue
        count += 1
        if count > MAX_HISTOGRAMS:
            raise _Unreadable(f"more than {MAX_HISTOGRAMS} histograms")
        name = begin.group(2)
        if name in seen:
            raise _Unreadable(f"{name} is there twice")
        seen.add(name)
        yield _histogram(name, block)


def _block(lines: Iterator[tuple[int, str]], *, kind: str) -> list[tuple[int, str]]:
    """The lines up to the object's end, without it."""
    block: list[tuple[int, str]] = []
    for number, line in lines:
        if len(line) > MAX_LINE:
            raise _Unreadable(f"line {number}: over {MAX_LINE} characters")
        text = line.rstrip()
        if text == f"END {kind}":
            return block
        if text.startswith("BEGIN "):
            break
        if len(block) > MAX_BINS + 256:
            raise _Unreadable(f"line {number}: over {MAX_BINS} bins")
        block.append((number, text))
    raise _Unreadable(f"an object of type {kind} without an end")


def _histogram(name: str, block: list[tuple[int, str]]) -> Histogram:
    lines = iter(block)
    notes = _annotations(name, lines)
    tallies, bins = _content(name, lines)
    _lows, _highs, sumw, sumw2, sumwx, sumwx2, entries = zip(*bins, strict=True)
    return Histogram(
        path=name,
        title=notes.get("Title", ""),
        x_label=notes.get("XLabel", ""),
        y_label=notes.get("YLabel", ""),
        edges=(bins[0][0], *(row[1] for row in bins)),
        sumw=sumw,
        sumw2=sumw2,
        sumwx=sumwx,
        sumwx2=sumwx2,
        entries=entries,
        total=tallies["Total"],
        underflow=tallies["Underflow"],
        overflow=tallies["Overflow"],
        log_y=notes.get("LogY", "0") in {"1", "true", "yes"},
    )


def _annotations(name: str, lines: Iterator[tuple[int, str]]) -> dict[str, str]:
    notes: dict[str, str] = {}
    for number, line in lines:
        if line == "---":
            return notes
        key, colon, value = line.partition(":")
        if not colon or not key.strip():
            raise _Unreadable(f"line {number}: not an annotation")
        notes[key.strip()] = _note(value)
    raise _Unreadable(f"{name}: no line --- after the annotations")


def _content(name: str, lines: Iterator[tuple[int, str]]) -> tuple[dict[str, Tally], list[tuple[float, ...]]]:
    """The lines for all, below and above, and at least one bin."""
    tallies: dict[str, Tally] = {}
    bins: list[tuple[float, ...]] = []
    for number, line in lines:
        if not line or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != _COLUMNS:
            raise _Unreadable(f"line {number}: {len(words)} columns instead of {_COLUMNS}")
        if words[0] in _PLACES:
            tallies[words[0]] = _tally(number, words)
            continue
        row = tuple(_finite(number, word) for word in words)
        # The neighbours' edges are the same text in the file, hence the same number.
        if bins and row[0] != bins[-1][1]:
            raise _Unreadable(f"line {number}: the bin does not adjoin the one before")
        bins.append(row)
    if not bins:
        raise _Unreadable(f"{name}: no bins")
    missing = [place for place in _PLACES if place not in tallies]
    if missing:
        raise _Unreadable(f"{name}: no line {missing[0]}")
    return tallies, bins


def _note(value: str) -> str:
    """An annotation's value: YAML's null and quotes undone, everything made printable."""
    value = value.strip()
    if value == _YAML_NULL:
        return ""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return "".join(character if character.isprintable() else " " for character in value)


def _tally(number: int, words: list[str]) -> Tally:
    if words[1] != words[0]:
        raise _Unreadable(f"line {number}: {words[0]} must stand twice")
    sumw, sumw2, _sumwx, _sumwx2, entries = (_finite(number, word) for word in words[2:])
    return Tally(sumw=sumw, sumw2=sumw2, entries=entries)


def _finite(number: int, word: str) -> float:
    if not _NUMBER.fullmatch(word):
        raise _Unreadable(f"line {number}: {word[:40]!r} is not a number")
    value = float(word)
    if not math.isfinite(value):
        raise _Unreadable(f"line {number}: {word[:40]!r} is not finite")
    return value


# --- archive -------------------------------------------------------------------------------------------------------


def _unpacked(packed: bytes) -> bytes:
    """The single gzip member ``packed``, checked to its end, never more than `MAX_UNPACKED_BYTES` in memory."""
    if len(packed) > MAX_PACKED_BYTES:
        raise _Unreadable(f"larger than {MAX_PACKED_BYTES} bytes")
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        data = stream.decompress(packed, MAX_UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise _Unreadable(f"not gzip: {error}") from error
    if len(data) > MAX_UNPACKED_BYTES:
        raise _Unreadable(f"unpacks to over {MAX_UNPACKED_BYTES} bytes")
    if not stream.eof:
        raise _Unreadable("the archive is cut off")
    return data


def _members(archive: bytes) -> dict[str, bytes]:
    """The two files that we want, from a tar archive; every other member is stepped over.

    Not ``tarfile``: crafted headers have made it loop for ever (CVE-2025-8194) in interpreters that we run on, and two plain files need none of its skill.
    """
    wanted = {HISTOGRAMS_NAME: MAX_YODA_BYTES, JOB_NAME: MAX_JOB_BYTES}
    found: dict[str, bytes] = {}
    position = 0
    for _ in range(MAX_MEMBERS):
        header = archive[position : position + _BLOCK]
        if len(header) < _BLOCK or not any(header):
            return found
        name, size, is_file = _header(header)
        position += _BLOCK
        if size > len(archive) - position:
            raise _Unreadable(f"the member {name!r} is cut off")
        if is_file and name in wanted:
            if size > wanted[name]:
                raise _Unreadable(f"{name} is larger than {wanted[name]} bytes")
            if name in found:
                raise _Unreadable(f"{name} is there twice")
            found[name] = archive[position : position + size]
        position += -(-size // _BLOCK) * _BLOCK
    raise _Unreadable(f"more than {MAX_MEMBERS} members")


def _header(header: bytes) -> tuple[str, int, bool]:
    """Name, size in bytes, and "is a regular file" of a tar header whose checksum is right."""
    checksum = _octal(header[148:156])
    if checksum != sum(header) - sum(header[148:156]) + 8 * ord(" "):
        raise _Unreadable("not a tar archive")
    name = header[:100].rstrip(b"\0").decode("utf-8", errors="replace").removeprefix("./")
    return name, _octal(header[124:136]), header[156:157] in {b"0", b"\0"}


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not re.fullmatch(rb"[0-7]{1,12}", digits):
        raise _Unreadable("a number in a tar header can't be read")
    return int(digits, 8)


def _job(data: bytes) -> Mapping[str, object]:
    try:
        job = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _Unreadable(f"{JOB_NAME}: {error}") from error
    if not isinstance(job, dict):
        raise _Unreadable(f"{JOB_NAME} is not an object")
    return MappingProxyType(job)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
