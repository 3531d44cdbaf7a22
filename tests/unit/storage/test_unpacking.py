"""gzip in a stream, and files that appear only when they are whole."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import FolderUnwritable, ImageDamaged, NotEnoughDisk
from t4t.storage.unpacking import CHUNK, RESERVE_MIB, PartFile, gunzip

if TYPE_CHECKING:
    from collections.abc import Callable


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


class Dribble(io.RawIOBase):
    """Gives at most ``step`` bytes at once, so that every place in the data is once the end of a read."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__()
        self._data, self._step = data, step

    def read(self, size: int = -1) -> bytes:
        taken, self._data = self._data[: self._step], self._data[self._step :]
        return taken


def unpacked(data: bytes, *, step: int = CHUNK) -> tuple[bytes, bytes]:
    out, seen = bytearray(), bytearray()
    gunzip(cast("BinaryIO", Dribble(data, step)), out.extend, path=Path("x.gz"), seen=seen.extend)
    return bytes(out), bytes(seen)


@given(members=st.lists(st.binary(max_size=300), min_size=1, max_size=3), zeros=st.integers(0, 40), step=st.integers(1, 400))
def test_members_come_back_and_every_byte_is_seen(members: list[bytes], zeros: int, step: int) -> None:
    data = b"".join(map(packed, members)) + bytes(zeros)
    assert unpacked(data, step=step) == (b"".join(members), data)


def test_much_more_than_was_read() -> None:
    data = bytes(5 * CHUNK + 3)
    assert unpacked(packed(data))[0] == data
    exact = bytes(2 * CHUNK)
    assert unpacked(packed(exact))[0] == exact


def test_memory_stays_constant() -> None:
    largest = 0

    def write(data: bytes) -> None:
        nonlocal largest
        largest = max(largest, len(data))

    gunzip(io.BytesIO(packed(bytes(50 * CHUNK))), write, path=Path("x"), seen=lambda _: None)
    assert largest <= CHUNK


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"no gzip at all", "no gzip"),
        (bytes(30), "no gzip"),
        (packed(b"a" * 100)[:-1], "cut off"),
        (packed(b"a" * 100)[:12], "cut off"),
        (packed(b"a") + b"xx", "no gzip"),
        (packed(b"a") + b"\0x", "something else"),
        (packed(b"a") + packed(b"b")[:-2], "cut off"),
        (packed(b"a")[:-8] + bytes(8), "damaged"),
        (zlib.compress(b"a"), "no gzip"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, CHUNK])
def test_what_is_refused(data: bytes, reason: str, step: int) -> None:
    with pytest.raises(ImageDamaged, match=reason):
        unpacked(data, step=step)


@given(data=st.binary(max_size=200), step=st.integers(1, 50))
def test_any_bytes(data: bytes, step: int) -> None:
    with contextlib.suppress(ImageDamaged):
        unpacked(data, step=step)


@given(place=st.integers(0, 400), value=st.integers(0, 255))
def test_any_damage_is_noticed_or_harmless(place: int, value: int) -> None:
    content = bytes(range(256)) * 4
    data = bytearray(packed(content))
    data[place % len(data)] = value
    try:
        assert unpacked(bytes(data))[0] == content
    except ImageDamaged:
        return


# --- the part file -------------------------------------------------------------------------------------------------


def part_file(folder: Path, *, limit: int = 100, free: Callable[[Path], int] = lambda _: 1 << 20) -> PartFile:
    return PartFile(folder / "own" / "image.vdi", source=Path("/s"), limit=limit, free_mib=free)


def test_a_whole_file_has_its_name_and_sum(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / ".image.vdi.part").write_bytes(b"of an interrupted run, longer than this one")
    with part_file(tmp_path) as part:
        part.expect(3)
        part.write(b"abc")
        part.flush()
        assert part.part.read_bytes() == b"abc"
        assert not (tmp_path / "own" / "image.vdi").exists()
        assert (part.size, part.sha256) == (3, hashlib.sha256(b"abc").hexdigest())
        part.overwrite(1, b"x")
        part.keep()
    assert {path.name: path.read_bytes() for path in (tmp_path / "own").iterdir()} == {"image.vdi": b"axc"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ImageDamaged(path="p", reason="r")])
def test_nothing_stays_of_one_that_is_not_kept(tmp_path: Path, error: BaseException) -> None:
    def fail(part: PartFile) -> None:
        part.write(b"abc")
        raise error

    with pytest.raises(type(error)), part_file(tmp_path) as part:
        fail(part)
    assert list((tmp_path / "own").iterdir()) == []


def test_a_bomb_is_stopped_at_the_limit(tmp_path: Path) -> None:
    written = 0

    def write(data: bytes) -> None:
        nonlocal written
        part.write(data)
        written += len(data)

    with pytest.raises(ImageDamaged, match="larger than 2 MiB"), part_file(tmp_path, limit=2 * CHUNK) as part:
        gunzip(io.BytesIO(packed(bytes(100 * CHUNK))), write, path=Path("x"), seen=lambda _: None)
    assert written == 2 * CHUNK
    with pytest.raises(ImageDamaged, match="would be larger"), part_file(tmp_path) as part:
        part.expect(101)


def test_room_is_checked_before_and_meanwhile(tmp_path: Path) -> None:
    free = [RESERVE_MIB + 1]
    with part_file(tmp_path, limit=1 << 40, free=lambda _: free[0]) as part:
        part.expect(CHUNK)
        with pytest.raises(NotEnoughDisk) as error:
            part.expect(CHUNK + 1)
        assert (error.value.needed_mib, error.value.free_mib) == (RESERVE_MIB + 2, RESERVE_MIB + 1)
        free[0] = RESERVE_MIB - 1
        for _ in range(60):
            part.write(bytes(CHUNK))
        with pytest.raises(NotEnoughDisk):
            gunzip(io.BytesIO(packed(bytes(10 * CHUNK))), part.write, path=Path("x"), seen=lambda _: None)
        assert 60 * CHUNK < part.size < 70 * CHUNK


def test_what_the_system_refuses(tmp_path: Path) -> None:
    def gone(_path: Path) -> int:
        raise FileNotFoundError(errno.ENOENT, "gone")

    with pytest.raises(FolderUnwritable), part_file(tmp_path, free=gone) as part:
        part.expect(1)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FolderUnwritable), part_file(tmp_path / "file"):
        pass
    with pytest.raises(RuntimeError):
        part_file(tmp_path).file.read()


class Full(io.RawIOBase):
    """A file on a full disk."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def _fail(self, *_: object) -> int:
        raise OSError(self.number, "refused")

    write = seek = flush = close = _fail  # type: ignore[assignment] # each fails alike


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, NotEnoughDisk), (errno.EIO, FolderUnwritable)])
def test_a_disk_that_fails_while_we_write(tmp_path: Path, number: int, expected: type[Exception]) -> None:
    with part_file(tmp_path) as part:
        real = part.file
        real.close()
        part._file = cast("BinaryIO", Full(number))
        acts: list[Callable[[], None]] = [lambda: part.write(b"x"), lambda: part.overwrite(0, b"x"), part.flush, part.keep]
        for act in acts:
            with pytest.raises(expected):
                act()
        part._file = real
    assert list((tmp_path / "own").iterdir()) == []
