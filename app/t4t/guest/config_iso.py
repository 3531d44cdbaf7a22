"""The config ISO: a small image with a label and a few files, in folders where the way of contextualisation wants them (`t4t.guest.context`).

Equal content gives equal bytes, so that a changed image means a changed context. The names are in Rock Ridge and in Joliet: Linux reads either.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import FolderUnwritable
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from t4t.guest.context import Seed

MAX_PARTS: Final = 4
MAX_TOTAL_BYTES: Final = 16 * 1024 * 1024
MAX_FILES: Final = 64

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")
_SECTOR: Final = 2048
_FIRST_DESCRIPTOR: Final = 16
_FLAGS_AT: Final = 25
_IS_FOLDER: Final = 2
_DATE_17: Final = b"2000010100000000\0"
"""2000-01-01 00:00:00 UTC in a volume descriptor."""
_DATE_7: Final = bytes((100, 1, 1, 0, 0, 0, 0))
"""The same in a directory record: years since 1900, month, day, hour, minute, second, quarter hours from UTC."""
_NO_DATE_17: Final = b"0" * 16 + b"\0"


def build_config_iso(seed: Seed) -> bytes:
    """The image. Paths have at most `MAX_PARTS` parts of letters, digits and ``._-``, at most 63 characters each.

    Raises ValueError for another path, one that is given twice (also in another case), more than `MAX_FILES` or `MAX_TOTAL_BYTES`.
    """
    folders = _checked_folders(seed.files)
    import pycdlib  # noqa: PLC0415 - the agent, which lives long, makes an image now and then

    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=seed.label)
    plain = {"": ""}
    for number, folder in enumerate(folders):
        parent, _, name = folder.rpartition("/")
        plain[folder] = f"{plain[parent]}/D{number:07}"
        iso.add_directory(plain[folder], rr_name=name, joliet_path=f"/{folder}")
    for number, path in enumerate(sorted(seed.files)):
        # The plain ISO 9660 name has 8.3 capitals; nobody who knows Rock Ridge or Joliet sees it.
        parent, _, name = path.rpartition("/")
        content = seed.files[path]
        iso.add_fp(io.BytesIO(content), len(content), f"{plain[parent]}/F{number:07}.;1", rr_name=name, joliet_path=f"/{path}")
    written = io.BytesIO()
    iso.write_fp(written)
    iso.close()
    return _with_fixed_dates(written.getvalue())


def _checked_folders(files: Mapping[str, bytes]) -> list[str]:
    """The folders that the files lie in, parents first; raises ValueError as `build_config_iso` says."""
    folders: set[str] = set()
    for path in files:
        parts = path.split("/")
        if len(parts) > MAX_PARTS or not all(_NAME.fullmatch(part) for part in parts):
            raise ValueError(f"not a file name for the ISO: {path!r}")
        folders.update("/".join(parts[:count]) for count in range(1, len(parts)))
    entries = [*files, *folders]
    if len({entry.lower() for entry in entries}) < len(entries):
        raise ValueError("a file or folder is there twice")
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_TOTAL_BYTES:
        raise ValueError(f"over {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes")
    return sorted(folders)


def write_config_iso(path: Path, seed: Seed) -> None:
    """`build_config_iso` into ``path``, at once or not at all. Raises `FolderUnwritable`, and ValueError as there."""
    image = build_config_iso(seed)
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
        _fix_folder(fixed, start + 156)
        sector += 1
    return bytes(fixed)


def _fix_folder(image: bytearray, folder: int) -> None:
    """All records of the directory whose own record is at ``folder``, and of those below it (its first two are itself and its parent)."""
    extent = int.from_bytes(image[folder + 2 : folder + 6], "little")
    length = int.from_bytes(image[folder + 10 : folder + 14], "little")
    for number, record in enumerate(_records(image, extent * _SECTOR, length)):
        _fix_record(image, record)
        if number > 1 and image[record + _FLAGS_AT] & _IS_FOLDER:
            _fix_folder(image, record)


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
