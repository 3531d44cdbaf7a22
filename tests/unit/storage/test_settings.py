"""The settings file: what people wrote stays, each change can be undone, and nothing that is in it ends the program."""

from __future__ import annotations

import functools
import os
import stat
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.settings_values import values_of_fields
from t4t.domain.settings.document import migrated
from t4t.domain.settings_errors import NothingToUndo, SettingsIgnored, SettingsSetAside, SettingsUnreadable
from t4t.durable import write_atomic
from t4t.storage import settings as storage
from t4t.storage.settings import FILE, HISTORY, SettingsFile, read_deployment

BY_HAND = """# mine
version = 1

[when] # nights
programs = ["doom"]   # and its fan
own_key = 5

[elsewhere]
x = [1,
  2]
"""


@given(st.lists(values_of_fields(), max_size=4))
@settings(max_examples=15)
def test_changes_are_read_back_and_undone_one_by_one(steps: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = SettingsFile(Path(folder))
        known: dict[str, Any] = {}
        stages = []
        for step in steps:
            if known | step != known:
                stages.append(known)
            file.change(step, now=7.0)
            known = known | step
            assert file.read().values == known
            assert set(file.read().times.values()) <= {7.0}
            assert not file.troubles
        for stage in reversed(stages):
            assert file.can_undo
            file.undo(now=8.0)
            assert file.read().values == stage
        assert not file.can_undo
        with pytest.raises(NothingToUndo):
            file.undo(now=9.0)


def test_what_people_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(BY_HAND)
    file = SettingsFile(tmp_path)
    file.change({"resources.cores": 3, "when.schedule": True}, now=1.0)
    text = path.read_text()
    for line in BY_HAND.splitlines():
        assert line in text
    found = file.read()
    assert found.values == {"when.programs": ["doom"], "when.schedule": True, "resources.cores": 3}
    assert found.at("resources.cores") == 1.0
    assert found.at("when.programs") == path.stat().st_mtime, "written by hand: when the file was"
    assert [str(error) for error in file.troubles] == [str(SettingsIgnored(path=str(path), names="when.own_key, elsewhere"))]
    path.write_text(path.read_text().replace("cores = 3", "cores = 4"))
    assert file.read().at("resources.cores") == path.stat().st_mtime, "changed by hand after us"
    file.change({"when.programs": None, "resources.cores": None, "when.schedule": None}, now=2.0)
    left = tomllib.loads(path.read_text())
    assert left == {"version": 1, "when": {"own_key": 5}, "resources": {}, "elsewhere": {"x": [1, 2]}}


def test_what_changes_nothing_is_no_change(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path)
    file.change({"resources.cores": None}, now=1.0)
    file.change({}, now=1.0)
    assert not (tmp_path / FILE).exists()
    file.change({"resources.cores": 2}, now=1.0)
    file.change({"resources.cores": 2}, now=2.0)
    assert (file.read().at("resources.cores"), file.can_undo) == (1.0, True)
    file.undo(now=3.0)
    assert not file.can_undo


@pytest.mark.parametrize("text", [b"a = ", b"\xff\xfe\x00", b"x = 1\nx = 2", b"a = " + b"[" * 100_000, b"#" * (1 << 20) + b"##"])
def test_a_broken_file_is_set_aside_and_said(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / FILE
    for number in (1, 2):
        path.write_bytes(text)
        file = SettingsFile(tmp_path)
        assert file.read().values == {}
        (told,) = file.troubles
        assert isinstance(told, SettingsSetAside)
        assert told.kept == f"{FILE}.damaged-{number}"
        assert (tmp_path / told.kept).read_bytes() == text
        file.change({"resources.cores": 2}, now=1.0)
        assert file.read().values == {"resources.cores": 2}
        assert file.troubles == [told], "it is said as long as the program runs"


def test_a_file_that_can_not_be_set_aside_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / FILE
    path.write_text("a = ")

    def refuse(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "replace", refuse)
    file = SettingsFile(tmp_path)
    assert file.read().values == {}
    assert [type(error) for error in file.troubles] == [SettingsUnreadable]
    with pytest.raises(SettingsUnreadable):
        file.change({"resources.cores": 2}, now=1.0)
    assert path.read_text() == "a = "


def test_what_can_not_be_read_or_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).mkdir()
    file = SettingsFile(tmp_path)
    assert file.read().values == {}
    assert [type(error) for error in file.troubles] == [SettingsUnreadable]
    with pytest.raises(SettingsUnreadable):
        file.change({"resources.cores": 2}, now=1.0)
    other = SettingsFile(tmp_path / "other")

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(storage, "write_atomic", full)
    with pytest.raises(SettingsUnreadable) as caught:
        other.change({"resources.cores": 2}, now=1.0)
    assert caught.value.reason == "full"


@pytest.mark.parametrize("history", [b"", b"\xff", b"[]", b'{"undo": [{"no.such": 1}], "was_set": {}}'])
def test_a_damaged_history_costs_the_undo_and_no_more(tmp_path: Path, history: bytes) -> None:
    file = SettingsFile(tmp_path)
    file.change({"resources.cores": 2}, now=1.0)
    (tmp_path / HISTORY).write_bytes(history)
    assert file.read().values == {"resources.cores": 2}
    with pytest.raises(NothingToUndo):
        file.undo(now=2.0)
    file.change({"resources.cores": 3}, now=3.0)
    file.undo(now=4.0)
    assert file.read().values == {"resources.cores": 2}


def test_a_death_between_the_two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history goes first: its last step then changes nothing, and is passed over."""
    file = SettingsFile(tmp_path)
    file.change({"resources.cores": 2}, now=1.0)
    real = write_atomic

    def dies(path: Path, data: bytes) -> None:
        if path.name == FILE:
            raise OSError(5, "power cut")
        real(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(storage, "write_atomic", dies)
        with pytest.raises(SettingsUnreadable):
            file.change({"resources.cores": 5}, now=2.0)
    assert file.read().values == {"resources.cores": 2}
    file.undo(now=3.0)
    assert file.read().values == {}


def test_an_older_version_is_brought_up_to_ours_when_it_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def step(document: dict[str, Any]) -> None:
        document["resources"] = {"cores": document.pop("processors")}

    monkeypatch.setattr(storage, "migrated", functools.partial(migrated, steps={1: step}, version=2))
    monkeypatch.setattr(storage, "VERSION", 2)
    (tmp_path / FILE).write_text("# old\nprocessors = 3\nother = 1\n")
    file = SettingsFile(tmp_path)
    file.change({"resources.tasks": 2}, now=1.0)
    assert tomllib.loads((tmp_path / FILE).read_text()) == {"version": 2, "other": 1, "resources": {"cores": 3, "tasks": 2}}


def test_a_newer_file_keeps_its_version(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("version = 99\n[resources]\ncores = 2\nnew = 1\n")
    file = SettingsFile(tmp_path)
    file.change({"resources.cores": 3}, now=1.0)
    assert not file.troubles
    assert tomllib.loads((tmp_path / FILE).read_text()) == {"version": 99, "resources": {"cores": 3, "new": 1}}


def test_a_deployment_file(tmp_path: Path) -> None:
    path = tmp_path / "deployment.toml"
    assert read_deployment(path)[0].locked == {}
    path.write_text("[default.when]\nin_use = 'go-on'\n[locked.resources]\ncores = 1\ntasks = 0\n[locked.nothing]\n[other]\n")
    found, troubles = read_deployment(path)
    assert (found.path, dict(found.defaults), dict(found.locked)) == (str(path), {"when.in_use": "go-on"}, {"resources.cores": 1})
    assert [str(error) for error in troubles] == [str(SettingsIgnored(path=str(path), names="other, locked.resources.tasks, locked.nothing"))]
    path.write_text("default = 3\n")
    assert [str(error) for error in read_deployment(path)[1]] == [str(SettingsIgnored(path=str(path), names="default"))]
    for text in (b"a = ", b"\xff"):
        path.write_bytes(text)
        assert [type(error) for error in read_deployment(path)[1]] == [SettingsUnreadable]
        assert path.read_bytes() == text, "it is not ours to set aside"
    path.unlink()
    path.mkdir()
    assert [type(error) for error in read_deployment(path)[1]] == [SettingsUnreadable]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    """It names the programs that somebody runs."""
    file = SettingsFile(tmp_path)
    file.change({"resources.cores": 2}, now=1.0)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) & 0o022 == 0


def test_where_the_deployment_file_is() -> None:
    assert storage.deployment_file().name == "settings.toml"
    assert storage.deployment_file().parent.name == "t4t"


def test_the_example_for_many_computers_is_one(tmp_path: Path) -> None:
    """Of docs/deployment.md: people copy it."""
    page = (Path(__file__).resolve().parents[3] / "docs/deployment.md").read_text(encoding="utf-8")
    example = tmp_path / "settings.toml"
    example.write_text(page.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    deployment, told = read_deployment(example)
    assert told == []
    assert {"when.in_use", "resources.cores", "transfers.proxy_host"} <= set(deployment.locked)
    assert deployment.defaults
