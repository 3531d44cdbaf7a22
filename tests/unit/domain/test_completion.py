"""The guest's small text files, well-formed and not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.completion import MAX_MESSAGE, Completion, TemporaryExit, parse_completion, parse_fraction_done, parse_temporary_exit


@pytest.mark.parametrize(
    ("data", "code", "notice", "message", "well_formed"),
    [
        (b"0\n0\ndone", 0, False, "done", True),
        (b"206\r\n1\r\nno input\r\nsecond line\r\n", 206, True, "no input\nsecond line", True),
        (b"208\r1\rold mac", 208, True, "old mac", True),
        (b"\xef\xbb\xbf0\n", 0, False, "", True),
        (b"", 0, False, "", True),
        (b" \n\n", 0, False, "", True),
        (b"-1", -1, False, "", True),
        (b" 7 trailing\nx\ny", 7, False, "y", True),
        (b"99999999999999999999", 2**31 - 1, False, "", True),
        (b"-99999999999999999999", -(2**31), False, "", True),
        (b"9" * 5000, 2**31 - 1, False, "", True),
        (b"oops\n1\nmessage", 195, True, "message", False),
        (b"\n1\nmessage", 195, True, "message", False),
        (b"\x00\xff\xfe", 195, False, "", False),
        (b"0\n0\na\x1b[31mb\x07", 0, False, "a [31mb", True),
        ("0\n1\nGrüße".encode("latin-1"), 0, True, "Gr\ufffd\ufffde", True),
    ],
)
def test_completion(data: bytes, *, code: int, notice: bool, message: str, well_formed: bool) -> None:
    assert parse_completion(data) == Completion(exit_code=code, is_notice=notice, message=message, well_formed=well_formed)


def test_a_message_is_bounded() -> None:
    assert len(parse_completion(b"0\n0\n" + b"x" * 1_000_000).message) == MAX_MESSAGE


@pytest.mark.parametrize(
    ("data", "delay"), [(b"60\n0\n", 60), (b"0", 0), (b"86400", 86_400), (b"86401", 300), (b"-1", 300), (b"", 300), (b"soon", 300), (b"\xff\n", 300)]
)
def test_temporary_exit(data: bytes, delay: int) -> None:
    assert parse_temporary_exit(data) == TemporaryExit(delay_s=delay, is_notice=False, message="")


def test_temporary_exit_with_a_message() -> None:
    assert parse_temporary_exit(b"10\n1\nwait") == TemporaryExit(delay_s=10, is_notice=True, message="wait")


@pytest.mark.parametrize(
    ("data", "fraction"),
    [
        (b"0.5\n", 0.5),
        (b"0.1\n0.25", 0.25),
        (b"1e-3", 0.001),
        (b".5", 0.5),
        (b"1.5", 1.0),
        (b"-3", 0.0),
        (b"1e999", 1.0),
        (b"0.3 garbage", 0.3),
        (b"nan", None),
        (b"inf", None),
        (b"", None),
        (b"\xff\x00", None),
        (b"0.9" + b"\n" * 5000, None),
        (b"0.1 " * 3000 + b"0.7", 0.7),
        (b"1" * 4097 + b"\n", None),
        (b"9" * 1000 + b"\n" + b"0.5\n" * 1024, 0.5),
    ],
)
def test_fraction_done(data: bytes, fraction: float | None) -> None:
    assert parse_fraction_done(data) == fraction


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    completion = parse_completion(data)
    assert -(2**31) <= completion.exit_code < 2**31
    assert all(character == "\n" or character.isprintable() for character in completion.message)
    assert 0 <= parse_temporary_exit(data).delay_s <= 86_400
    fraction = parse_fraction_done(data)
    assert fraction is None or 0 <= fraction <= 1
