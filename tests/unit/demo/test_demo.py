"""What the demo computes, and the folders for what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t import demo
from t4t.domain.errors import RunspecInvalid
from t4t.domain.vbox_job import parse_vbox_job

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "boinc pp z 8000 - - pythia8 8.317 tune-monash13 5 1"


def test_every_runspec_is_one() -> None:
    for line in demo.RUNSPECS:
        assert demo.checked(line.format(seed=7)) == line.format(seed=7)


def test_the_job_is_understood_whole() -> None:
    job = parse_vbox_job(demo.job_description("image.raw").encode(), path="vbox_job.xml")
    assert job.unknown == ()
    assert (job.multiattach_vdi_file, job.copy_to_shared) == ("image.raw", ("input", "init_data.xml"))


def test_folders_are_numbered(tmp_path: Path) -> None:
    assert [demo.next_folder(tmp_path).name for _ in range(2)] == ["task-0001", "task-0002"]
    for name in ("task-9999", "task-10000", "task-notes"):
        (tmp_path / name).mkdir()
    assert demo.next_folder(tmp_path).name == "task-10001"


def test_blanks_do_not_matter() -> None:
    assert demo.checked("  boinc   pp z 8000 - - pythia8 8.317 tune-monash13 5\t1 \n") == OTHER


@pytest.mark.parametrize("text", ["", "boinc", OTHER + " 1", OTHER.replace("boinc", "cernvm"), OTHER[:-1] + "-1", OTHER.replace(" 5 ", " 5.5 ")])
def test_what_is_no_runspec(text: str) -> None:
    with pytest.raises(RunspecInvalid):
        demo.checked(text)
