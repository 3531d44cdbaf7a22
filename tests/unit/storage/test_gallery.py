"""Pictures that are kept: their names, their order, and what else may lie in their folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import FolderUnwritable
from t4t.storage import gallery

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_795_413_810.0


def test_a_picture_is_kept_listed_and_removed(tmp_path: Path) -> None:
    assert gallery.pictures(tmp_path) == ()
    first = gallery.keep(tmp_path, "Jets: push sideways, |η| < 2.5", b"png", now=NOW)
    assert first.name == "20261123-060330-jets-push-sideways-2-5.png"
    second = gallery.keep(tmp_path, "Jets: push sideways, |η| < 2.5", b"other", now=NOW)
    assert second.name == "20261123-060330-jets-push-sideways-2-5-2.png"
    for number, one in enumerate((first, second)):
        os.utime(one.path, (NOW + number, NOW + number))
    assert [one.name for one in gallery.pictures(tmp_path)] == [second.name, first.name]
    assert (tmp_path / gallery.FOLDER / first.name).read_bytes() == b"png"
    gallery.remove(tmp_path, first.name)
    gallery.remove(tmp_path, first.name)
    assert [one.name for one in gallery.pictures(tmp_path)] == [second.name]


def test_other_things_in_the_folder_are_no_pictures_and_are_left_alone(tmp_path: Path) -> None:
    gallery.keep(tmp_path, "", b"png", now=NOW)
    folder = tmp_path / gallery.FOLDER
    (folder / "notes.txt").write_text("mine")
    (folder / "a-folder.png").mkdir()
    (folder / "a-link.png").symlink_to(folder / "notes.txt")
    (folder / "Mine.PNG").write_text("x")
    assert [one.name for one in gallery.pictures(tmp_path)] == ["20261123-060330.png"]
    for name in ("../state", "notes.txt", "", "x/../y.png"):
        with pytest.raises(ValueError, match="no picture"):
            gallery.remove(tmp_path, name)
    with pytest.raises(FolderUnwritable):
        gallery.remove(tmp_path, "a-folder.png")


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / gallery.FOLDER).write_text("in the way")
    with pytest.raises(FolderUnwritable):
        gallery.keep(tmp_path, "x", b"png", now=NOW)
    assert gallery.pictures(tmp_path) == ()


@given(st.text(max_size=200))
def test_any_title_gives_a_name_that_is_found_again(title: str) -> None:
    stem = f"20261123-060330-{gallery._readable(title)}".rstrip("-")
    assert gallery._NAME.fullmatch(f"{stem}.png")
    assert gallery._NAME.fullmatch(f"{stem}-2.png")
