"""The wizard's place on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import FolderUnwritable
from t4t.domain.setting_up import Setup, Step
from t4t.storage.setting_up import FILE, keep, load

if TYPE_CHECKING:
    from pathlib import Path


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    assert load(data) is None
    keep(data, Setup(step=Step.RESOURCES, finished=3))
    assert load(data) == Setup(step=Step.RESOURCES, finished=3)
    keep(data, Setup(step=Step.PRIVACY))
    assert load(data) == Setup(step=Step.ACCOUNT)


@pytest.mark.parametrize("found", [b"", b"not JSON", b'{"step": "of a later version"}', b"\xff\xfe", b"[]"])
def test_what_can_not_be_read_is_begun_anew(tmp_path: Path, found: bytes) -> None:
    (tmp_path / FILE).write_bytes(found)
    assert load(tmp_path) is None


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(FolderUnwritable):
        keep(tmp_path / "data", Setup())
