"""An ``.ova``: a tar with an OVF description, usually a manifest of digests, and the disk. Looked at before anything is unpacked; names never become paths.

Python's `tarfile` reads the headers; what it would swallow whole (long names, pax records) is stopped by `_SmallReads`.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from typing import TYPE_CHECKING, BinaryIO, Final

from t4t.domain.errors import ChecksumMismatch, ImageDamaged
from t4t.domain.ovf import OvfMachine, OvfRefused, parse_ovf
from t4t.domain.record import record
from t4t.storage.unpacking import CHUNK

if TYPE_CHECKING:
    from pathlib import Path

MAX_MEMBERS: Final = 64
MAX_TEXT_BYTES: Final = 256 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._()+-]{0,199}")
_DIGEST: Final = re.compile(r"(SHA1|SHA256) ?\(([^()\n]{1,200}|[^\n]{1,200})\) ?= ?([0-9a-fA-F]{40,64})")
_DIGITS: Final = {"SHA1": 40, "SHA256": 64}


@record(kw_only=True)
class Digest:
    """What a manifest says of a file."""

    algorithm: str
    hex: str


@record(kw_only=True)
class Ova:
    """The disk inside: where it lies in the ``.ova``, its digest if there is a manifest, and the machine that it was made for."""

    machine: OvfMachine
    offset: int
    size: int
    digest: Digest | None


class _SmallReads:
    """A file for `tarfile` that gives nothing large at once: a header that claims gigabytes is damage, not a reason to allocate them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_TEXT_BYTES:
            raise tarfile.ReadError("a header is too large")
        return self._file.read(size)

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()


class Window:
    """A part of a file as a file of its own that hashes what is read in order."""

    def __init__(self, file: BinaryIO, *, offset: int, size: int, algorithm: str) -> None:
        """At its beginning."""
        self._file = file
        self._left = size
        self._digest = hashlib.new(algorithm, usedforsecurity=algorithm != "SHA1")
        file.seek(offset)

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes."""
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        self._digest.update(data)
        return data

    def digest(self) -> str:
        """Of the whole part: what nobody wanted is read too."""
        while self.read(CHUNK):
            pass
        return self._digest.hexdigest()


def read_ova(path: Path) -> Ova:
    """Look at ``path``: all names, the description, the manifest and its digests but the disk's. Raises `ImageDamaged` and `ChecksumMismatch`."""
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except OSError as error:
        raise ImageDamaged(path=str(path), reason=error.strerror or str(error)) from error
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise ImageDamaged(path=str(path), reason=f"it is no whole OVA file ({error})") from error


def _read(path: Path, file: BinaryIO) -> Ova:
    members = _members(path, file)
    descriptions = [name for name in members if name.lower().endswith(".ovf")]
    if len(descriptions) != 1:
        raise ImageDamaged(path=str(path), reason=f"it has {len(descriptions)} descriptions (.ovf) instead of one")
    text = _text(path, file, members[descriptions[0]])
    try:
        machine = parse_ovf(text)
    except OvfRefused as error:
        raise ImageDamaged(path=str(path), reason=f"{descriptions[0]}: {error}") from error
    disk = members.get(machine.disk_file)
    if disk is None:
        raise ImageDamaged(path=str(path), reason="the disk that its description names is not in it")
    digests = _manifest(path, file, members)
    if digests is not None:
        _check(path, descriptions[0], text, digests)
    return Ova(machine=machine, offset=disk.offset_data, size=disk.size, digest=None if digests is None else digests[machine.disk_file])


def _members(path: Path, file: BinaryIO) -> dict[str, tarfile.TarInfo]:
    """The members by name; refused is all that is not a plain file with a plain name, whole, and there once."""
    size = path.stat().st_size
    found: dict[str, tarfile.TarInfo] = {}
    with tarfile.open(fileobj=_SmallReads(file), mode="r:") as archive:  # type: ignore[call-overload] # it needs only what _SmallReads has
        for member in archive:
            name = member.name
            if len(found) >= MAX_MEMBERS:
                raise ImageDamaged(path=str(path), reason=f"it has over {MAX_MEMBERS} files")
            if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.issparse():
                raise ImageDamaged(path=str(path), reason=f"{name[:80]!r} in it is no plain file")
            if not _NAME.fullmatch(name) or name in found:
                raise ImageDamaged(path=str(path), reason=f"{name[:80]!r} is no plain name, or there twice")
            if member.size < 0 or member.offset_data + member.size > size:
                raise ImageDamaged(path=str(path), reason="it is cut off")
            found[name] = member
    return found


def _text(path: Path, file: BinaryIO, member: tarfile.TarInfo) -> bytes:
    if member.size > MAX_TEXT_BYTES:
        raise ImageDamaged(path=str(path), reason=f"{member.name} in it is larger than {MAX_TEXT_BYTES // 1024} KiB")
    file.seek(member.offset_data)
    return file.read(member.size)


def _manifest(path: Path, file: BinaryIO, members: dict[str, tarfile.TarInfo]) -> dict[str, Digest] | None:
    """The digests by file name, None without a manifest. One that names neither description nor disk proves nothing and is refused."""
    names = [name for name in members if name.lower().endswith(".mf")]
    if not names:
        return None
    digests: dict[str, Digest] = {}
    for line in _text(path, file, members[names[0]]).decode("utf-8", "replace").splitlines():
        match = _DIGEST.fullmatch(line.strip())
        if match is not None and len(match[3]) == _DIGITS[match[1]]:
            digests[match[2]] = Digest(algorithm=match[1], hex=match[3].lower())
        elif line.strip():
            raise ImageDamaged(path=str(path), reason="its manifest can't be read")
    if len(names) > 1 or digests.keys() != members.keys() - set(names) - {name for name in members if name.lower().endswith(".cert")}:
        raise ImageDamaged(path=str(path), reason="its manifest does not name just its files")
    return digests


def _check(path: Path, name: str, content: bytes, digests: dict[str, Digest]) -> None:
    digest = digests[name]
    actual = hashlib.new(digest.algorithm, content, usedforsecurity=digest.algorithm != "SHA1").hexdigest()
    if actual != digest.hex:
        raise ChecksumMismatch(path=f"{path} ({name})", expected=digest.hex, actual=actual)
