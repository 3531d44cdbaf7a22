"""The floppy protocol, with a guest that is played here byte by byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import FolderUnwritable, JobElementRefused
from t4t.domain.init_data import InitData
from t4t.guest.floppy import (
    FLOPPY_BYTES,
    MAX_TEXT_BYTES,
    FloppyStatus,
    after_waiting,
    boinc_lines,
    create_floppy,
    read_message,
    write_message,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "floppy.img"
    create_floppy(path)
    return path


def guest_reads(path: Path) -> bytes:
    """As the guest's script does: clear the byte at size − 2, then take all up to the first NUL."""
    content = bytearray(path.read_bytes())
    content[FLOPPY_BYTES - 2] = 0
    path.write_bytes(content)
    return bytes(content).partition(b"\0")[0]


def guest_writes(path: Path, text: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[14_335 : 14_335 + len(text) + 1] = text + b"\0"
    content[28_671] = 1
    path.write_bytes(content)


def test_layout(tmp_path: Path) -> None:
    path = tmp_path / "floppy.img"
    create_floppy(path, text="A=é\n")
    content = path.read_bytes()
    assert len(content) == 28_672
    assert content[:6] == "A=é\n\0".encode()
    assert (content[28_670], content[28_671]) == (1, 0)
    assert not any(content[6:28_670])


def test_host_to_guest(image: Path) -> None:
    assert write_message(image, "a long first text") is FloppyStatus.OK
    assert write_message(image, "second") is FloppyStatus.NOT_READY
    assert guest_reads(image) == b"a long first text"
    assert write_message(image, "second") is FloppyStatus.OK
    assert guest_reads(image) == b"second"
    assert b"first" not in image.read_bytes()


def test_guest_to_host(image: Path) -> None:
    assert read_message(image) == (FloppyStatus.NOT_READY, "")
    guest_writes(image, b"0\n0\nall \xff done")
    write_message(image, "other way")
    assert read_message(image) == (FloppyStatus.OK, "0\n0\nall \ufffd done")
    assert read_message(image) == (FloppyStatus.NOT_READY, "")
    assert guest_reads(image) == b"other way"


def test_a_full_buffer_without_nul_ends_at_the_control_bytes(image: Path) -> None:
    content = bytearray(image.read_bytes())
    content[14_335:28_670] = b"x" * 14_335
    content[28_671] = 1
    image.write_bytes(content)
    assert read_message(image) == (FloppyStatus.OK, "x" * 14_335)


def test_the_longest_text(image: Path) -> None:
    assert write_message(image, "x" * MAX_TEXT_BYTES) is FloppyStatus.OK
    assert guest_reads(image) == b"x" * MAX_TEXT_BYTES
    for text in ("x" * (MAX_TEXT_BYTES + 1), "a\0b"):
        with pytest.raises(JobElementRefused):
            write_message(image, text)


def test_damaged_or_missing_images(tmp_path: Path, image: Path) -> None:
    for content in (b"", b"x" * (FLOPPY_BYTES - 1), b"x" * (FLOPPY_BYTES + 1)):
        image.write_bytes(content)
        assert write_message(image, "x") is FloppyStatus.IO_ERROR
        assert read_message(image) == (FloppyStatus.IO_ERROR, "")
    assert write_message(tmp_path / "none", "x") is FloppyStatus.IO_ERROR
    assert read_message(tmp_path / "none") == (FloppyStatus.IO_ERROR, "")
    with pytest.raises(FolderUnwritable):
        create_floppy(tmp_path / "missing" / "floppy.img")


def test_waiting() -> None:
    assert after_waiting(FloppyStatus.NOT_READY, waited_s=4.9) is FloppyStatus.NOT_READY
    assert after_waiting(FloppyStatus.NOT_READY, waited_s=5) is FloppyStatus.TIMEOUT
    assert after_waiting(FloppyStatus.OK, waited_s=50) is FloppyStatus.OK


def test_the_six_lines() -> None:
    init = InitData(user_name="Ann\nBOINC_AUTHENTICATOR=x", userid=12, hostid=3, user_total_credit=0.1, host_total_credit=1e6)
    assert boinc_lines(init).splitlines() == [
        "BOINC_USERNAME=Ann BOINC_AUTHENTICATOR=x",
        "BOINC_USERID=12",
        "BOINC_HOSTID=3",
        "BOINC_USER_TOTAL_CREDIT=0.10000000000000001",
        "BOINC_HOST_TOTAL_CREDIT=1000000",
        "BOINC_AUTHENTICATOR=",
    ]
