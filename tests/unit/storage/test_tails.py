"""Ends and beginnings of files in whole lines."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scratch import scratch
from t4t.storage.tails import head, tail


@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"x")), max_size=8), st.integers(0, 60), st.booleans())
def test_whole_lines_at_most_so_many_bytes(lines: list[bytes], most: int, ended: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    content = b"\n".join(lines) + (b"\n" if ended else b"")
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        path = Path(folder) / "log"
        path.write_bytes(content)
        last, first = tail(path, most), head(path, most)
    for part in (last, first):
        assert part.left_out >= 0
        if len(content) <= most:
            assert (part.text, part.left_out) == (content.decode("utf-8", "replace"), 0)
    kept = len(content) - last.left_out
    assert kept <= most
    assert content[len(content) - kept :].decode("utf-8", "replace") == last.text
    assert kept in {0, len(content)} or content[len(content) - kept - 1 : len(content) - kept] == b"\n"
    kept = len(content) - first.left_out
    assert content[:kept].decode("utf-8", "replace") == first.text
    assert kept in {0, len(content)} or content[:kept].endswith(b"\n")


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    for name in ("pipe", "link", ".", "none"):
        with pytest.raises(OSError):  # noqa: PT011 - the system's own words
            tail(tmp_path / name, 10)
