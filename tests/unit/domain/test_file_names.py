"""Names from a project mean a file in its folder and nothing else, on every system."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.file_names import checked_name, checked_open_name, project_folder
from t4t.domain.project_errors import FileNameRefused

GOOD = ("vboxwrapper_26210_x86_64-pc-linux-gnu", "Theory_2025_08_13_dev.vdi", "Theory_s35679_15_0_r2125092480_0", "a b.txt", "x")


@pytest.mark.parametrize("name", GOOD)
def test_what_projects_call_their_files(name: str) -> None:
    assert checked_name(name) == name


@given(st.one_of(st.text(max_size=20), st.text(alphabet="./\\:%aCON \0\n", max_size=12)))
def test_a_name_that_passes_is_one_plain_word_everywhere(name: str) -> None:
    try:
        checked_name(name)
    except FileNameRefused:
        return
    assert PurePosixPath(name).parts == (name,)
    assert PureWindowsPath(name).parts == (name,)
    assert not PureWindowsPath(name).is_reserved()
    assert name.strip(" .") == name
    assert "%" not in name


def test_open_names() -> None:
    assert checked_open_name("shared/output") == "shared/output"
    for name in ("../output", "/output", "shared//x", "a/../../b", "shared/", ""):
        with pytest.raises(FileNameRefused):
            checked_open_name(name)


def test_folders_of_projects() -> None:
    assert project_folder("https://lhcathome.cern.ch/lhcathome/") == "lhcathome.cern.ch_lhcathome"
    assert project_folder("http://127.0.0.1:8123/t4t/") == "127.0.0.1_8123_t4t"
    assert project_folder("https://../..") == "_.."
    assert project_folder("https:///") == "_"
    assert project_folder("plain") == "plain"
