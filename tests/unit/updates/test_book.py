"""What is written down of updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.domain.app_update import Record
from t4t.updates.book import Book

if TYPE_CHECKING:
    from pathlib import Path


def test_a_record_that_can_not_be_read_is_as_none(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.folder.mkdir()
    (book.folder / "record.json").write_text("{")
    assert book.record == Record()
    blocked = Book(tmp_path / "file")
    (tmp_path / "file").write_text("")
    assert not blocked.is_free
    with pytest.raises(Exception, match="T4T-DISK-02"):
        blocked.write(Record())
