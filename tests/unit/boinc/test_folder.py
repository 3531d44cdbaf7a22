"""A project's task folder: names lead to the project's files and nowhere else."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.given_task import made
from support.task_folders import boot_sector, job_xml, make_task
from t4t.boinc.care import folder_bytes
from t4t.boinc.folder import PROJECTS, SLOTS, ProjectFolder, build, open_folder, output_of, put_word
from t4t.domain.errors import FolderUnwritable, TaskFileMissing, TaskFileUnreadable
from t4t.domain.project import TrickleDown
from t4t.domain.vm import BootDisk, VmId
from t4t.engine.exchange import Exchange
from t4t.engine.folder import TaskFolder, Wishes

if TYPE_CHECKING:
    from t4t.domain.project_task import ProjectTask

INIT = b"<app_init_data>\n<user_name>V</user_name>\n<project_dir>/boinc/projects/x</project_dir>\n<authenticator></authenticator>\n</app_init_data>\n"


def ready(data: Path, task: ProjectTask | None = None, **changes: str | None) -> Path:
    """A task whose files are all there."""
    files = data / PROJECTS / "x"
    files.mkdir(parents=True, exist_ok=True)
    (files / "job_7.xml").write_text(job_xml(**({"multiattach_vdi_file": "image.vdi"} | changes)))
    (files / "image.vdi").write_bytes(boot_sector())
    (files / "wu_1_input").write_text("runspec")
    slot = data / SLOTS / "r_1"
    build(slot, task or made(), INIT)
    return slot


def test_files_stay_with_the_project(tmp_path: Path) -> None:
    folder = open_folder(ready(tmp_path))
    assert isinstance(folder, ProjectFolder)
    assert isinstance(folder.boot, BootDisk)
    assert folder.boot.path == str(tmp_path / PROJECTS / "x" / "image.vdi")
    folder.prepare()
    assert folder.shared is not None
    assert (folder.shared / "input").read_text() == "runspec"
    assert sorted(path.name for path in folder.path.iterdir()) == [".t4t", "init_data.xml", "shared"]


def test_an_image_by_its_usual_name(tmp_path: Path) -> None:
    task = made()
    refs = tuple(replace(ref, open_name="vm_image.vdi") if ref.file_name == "image.vdi" else ref for ref in task.given.version.file_refs)
    version = replace(task.given.version, file_refs=refs)
    slot = ready(tmp_path, replace(task, given=replace(task.given, version=version)), multiattach_vdi_file=None)
    boot = ProjectFolder(slot).boot
    assert boot.path.endswith("image.vdi")


def test_the_command_line_is_the_jobs(tmp_path: Path) -> None:
    folder = ProjectFolder(ready(tmp_path, copy_cmdline_to_shared="1"))
    folder.prepare(cmdline="ignored")
    assert folder.shared is not None
    assert (folder.shared / "cmdline").read_text() == "--nthreads 2 --seed 1"


def test_a_shared_project_folder_is_the_real_one_and_the_guest_is_not_told_where_it_is(tmp_path: Path) -> None:
    folder = ProjectFolder(ready(tmp_path, share_project_dir="1", copy_to_shared="init_data.xml"))
    folder.prepare()
    shares = {share.name: share.host_path for share in folder.spec(VmId("v"), Wishes()).shares}
    assert shares["project"] == str(tmp_path / PROJECTS / "x")
    assert folder.shared is not None
    assert str(tmp_path) not in (folder.shared / "init_data.xml").read_text()


def test_no_link_is_followed(tmp_path: Path) -> None:
    slot = ready(tmp_path)
    secret = tmp_path / "keys.json"
    secret.write_text("secret")
    image = tmp_path / PROJECTS / "x" / "wu_1_input"
    image.write_text("<soft_link>../../keys.json</soft_link>")  # a project's text is only a text
    folder = ProjectFolder(slot)
    folder.prepare()
    assert folder.shared is not None
    assert (folder.shared / "input").read_text() == "<soft_link>../../keys.json</soft_link>"
    image.unlink()
    image.symlink_to(secret)
    with pytest.raises(TaskFileMissing):
        ProjectFolder(slot)


def test_only_what_was_given_is_found(tmp_path: Path) -> None:
    slot = ready(tmp_path, copy_to_shared="held.json")
    (slot / "held.json").write_text("ours")
    with pytest.raises(TaskFileMissing):
        ProjectFolder(slot)


@pytest.mark.parametrize("text", ["", "{", '{"project": 1}'])
def test_a_damaged_list_is_told(tmp_path: Path, text: str) -> None:
    slot = ready(tmp_path)
    (slot / ".t4t" / "given.json").write_text(text)
    with pytest.raises(TaskFileUnreadable):
        open_folder(slot)


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / SLOTS).write_text("in the way")
    with pytest.raises(FolderUnwritable):
        build(tmp_path / SLOTS / "r_1", made(), INIT)


def test_the_volunteers_own_folders_are_opened_as_ever(tmp_path: Path) -> None:
    assert type(open_folder(make_task(tmp_path / "tasks" / "mine", changes={"pf_guest_port": None}))) is TaskFolder


def test_what_is_sent_away_is_what_the_guest_wrote(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "output").write_text("x")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "shared" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "away").symlink_to(tmp_path)
    assert output_of(tmp_path, "shared/output") == tmp_path / "shared" / "output"
    for name in ("shared/link", "away/secret", "shared", "shared/none"):
        assert output_of(tmp_path, name) is None


def test_what_is_removed_while_its_size_is_taken_is_no_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("kept", "gone"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"12345")
    assert folder_bytes(tmp_path) == 10
    look = os.scandir

    def meanwhile(path: str) -> object:
        if Path(path) == tmp_path / "gone":
            (tmp_path / "gone" / "file").unlink(missing_ok=True)
            (tmp_path / "gone").rmdir()
        return look(path)

    monkeypatch.setattr(os, "scandir", meanwhile)
    assert folder_bytes(tmp_path) == 5
    assert folder_bytes(tmp_path / "never") == 0


def test_a_word_of_the_projects_is_put_where_the_guest_looks(tmp_path: Path) -> None:
    slot = ready(tmp_path)
    word = TrickleDown(result_name="r_1", time=7, text="go \N{WHITE SMILING FACE}")
    assert put_word(slot, word) is None  # they share nothing yet
    folder = open_folder(slot)
    folder.prepare()
    assert folder.shared is not None
    assert put_word(slot, word) == put_word(slot, word) == "trickle_down_7"  # we died before it was written down: not twice
    assert put_word(slot, replace(word, text="stop")) == "trickle_down_7_2"
    assert (folder.shared / "trickle_down_7").read_text(encoding="utf-8") == word.text
    assert (folder.shared / "trickle_down_7_2").read_text(encoding="utf-8") == "stop"
    assert not [path for path in Exchange(folder).outputs() if "trickle_down" in path]  # what the guest was told is no result of its


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_no_link_of_the_guests_leads_a_word_elsewhere(tmp_path: Path) -> None:
    slot = ready(tmp_path)
    (tmp_path / "mine").mkdir()
    (slot / "shared").mkdir()
    (slot / "shared" / "trickle_down_7").symlink_to(tmp_path / "mine" / "file")
    word = TrickleDown(result_name="r_1", time=7, text="go")
    assert put_word(slot, word) == "trickle_down_7_2"
    assert not (tmp_path / "mine" / "file").exists()
    (slot / "shared").rename(slot / "away")
    (slot / "shared").symlink_to(tmp_path / "mine")
    assert put_word(slot, word) is None
    assert list((tmp_path / "mine").iterdir()) == []
