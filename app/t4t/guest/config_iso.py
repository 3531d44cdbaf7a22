"""The config ISO: a small image labelled ``cidata`` with ``user-data``, ``meta-data`` and further files, as cloud-init's NoCloud seed has them.

Equal content gives equal bytes, so that a changed image means a changed context. The names are in Rock Ridge and in Joliet: Linux reads either.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

import pycdlib

from t4t.domain.errors import FolderUnwritable
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LABEL: Final = "cidata"
MAX_TOTAL_BYTES: Final = 16 * 1024 * 1024
MAX_FILES: Final = 64

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_SECTOR: Final = 2048
_FIRST_DESCRIPTOR: Final = 16
_DATE_17: Final = b"2000010100000000\0"
"""2000-01-01 00:00:00 UTC in a volume descriptor."""
_DATE_7: Final = bytes((100, 1, 1, 0, 0, 0, 0))
"""The same in a directory record: years since 1900, month, day, hour, minute, second, quarter hours from UTC."""
_NO_DATE_17: Final = b"0" * 16 + b"\0"


def build_config_iso(*, user_data: bytes, meta_data: bytes = b"", files: Mapping[str, bytes] | None = None) -> bytes:
    """The image. ``files`` lie beside the two; their names are letters, digits and ``._-``, at most 63 characters.

    Raises ValueError for another name, a name that is given twice (also in another case), more than `MAX_FILES` or `MAX_TOTAL_BYTES`.
    """
    contents = {"user-data": user_data, "meta-data": meta_data}
    for name, content in (files or {}).items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a file name for the ISO: {name!r}")
        if name.lower() in {taken.lower() for taken in contents}:
            raise ValueError(f"the file {name!r} is there twice")
        contents[name] = content
    if len(contents) > MAX_FILES or sum(map(len, contents.values())) > MAX_TOTAL_BYTES:
        raise ValueError(f"over {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes")
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    for number, name in enumerate(sorted(contents)):
        # The plain ISO 9660 name has 8.3 capitals; nobody who knows Rock Ridge or Joliet sees it.
        iso.add_fp(io.BytesIO(contents[name]), len(contents[name]), f"/F{number:07}.;1", rr_name=name, joliet_path=f"/{name}")
    written = io.BytesIO()
    iso.write_fp(written)
    iso.close()
    return _with_fixed_dates(written.getvalue())


def write_config_iso(path: Path, *, user_data: bytes, meta_data: bytes = b"", files: Mapping[str, bytes] | None = None) -> None:
    """`build_config_iso` into ``path``, at once or not at all. Raises `FolderUnwritable`, and ValueError as there."""
    image = build_config_iso(user_data=user_data, meta_data=meta_data, files=files)
    try:
        write_atomic(path, image)
    except OSError as error:
        raise FolderUnwritable(path=str(path.parent), reason=str(error)) from error


def _with_fixed_dates(image: bytes) -> bytes:
    """``image`` with one date everywhere: pycdlib takes the clock's and offers no other."""
    fixed = bytearray(image)
    sector = _FIRST_DESCRIPTOR
    while fixed[sector * _SECTOR] != 255:  # noqa: PLR2004 (the terminator's type, ECMA-119 8.3.1)
        start = sector * _SECTOR
        for offset, date in ((813, _DATE_17), (830, _DATE_17), (847, _NO_DATE_17), (864, _DATE_17)):
            fixed[start + offset : start + offset + 17] = date
        _fix_record(fixed, start + 156)
        extent = int.from_bytes(fixed[start + 158 : start + 162], "little")
        length = int.from_bytes(fixed[start + 166 : start + 170], "little")
        for record in _records(fixed, extent * _SECTOR, length):
            _fix_record(fixed, record)
        sector += 1
    return bytes(fixed)


def _records(image: bytearray, start: int, length: int) -> Iterator[int]:
    """Positions of the directory records in an extent; no record crosses a sector, the rest of one is zero (ECMA-119 6.8.1.1)."""
    position = start
    while position < start + length:
        if image[position]:
            yield position
            position += image[position]
        else:
            position += _SECTOR - position % _SECTOR


def _fix_record(image: bytearray, record: int) -> None:
    """The record's own date, and those of its Rock Ridge ``TF`` entry (short form: seven bytes each)."""
    image[record + 18 : record + 25] = _DATE_7
    name_length = image[record + 32]
    entry = record + 33 + name_length + (1 - name_length % 2)
    while entry + 4 <= record + image[record]:
        if image[entry : entry + 2] == b"TF":
            for date in range(entry + 5, entry + image[entry + 2], 7):
                image[date : date + 7] = _DATE_7
        entry += max(4, image[entry + 2])
