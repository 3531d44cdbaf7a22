"""Attached projects: the state on disk, the key in the vault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import FolderUnwritable
from t4t.domain.project import ProjectConfig
from t4t.domain.project_errors import KeyMalformed
from t4t.project.attachment import Attachments, new_cpid
from t4t.storage.secrets import MemoryVault

if TYPE_CHECKING:
    from pathlib import Path

KEY = "68cfddaba9e4fbd9895879015a00be8e"
CONFIG = ProjectConfig(name="LHC@home", master_url="https://lhcathome.cern.ch/lhcathome/")


def test_attach_keep_detach(tmp_path: Path) -> None:
    vault = MemoryVault()
    ours = Attachments(tmp_path, vault)
    state = ours.attach(CONFIG, KEY)
    assert len(state.host_cpid) == 32
    assert ours.folder(CONFIG.master_url).name == "lhcathome.cern.ch_lhcathome"
    assert (ours.load(CONFIG.master_url), ours.all(), ours.key(state)) == (state, (state,), KEY)
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    ours.save(replace(state, hostid=7, scheduler_urls=("https://a/", "https://b/")))
    again = ours.attach(CONFIG, f"1_{KEY}")  # signed in anew: the computer stays the same
    assert (again.hostid, again.host_cpid, ours.key(again)) == (7, state.host_cpid, f"1_{KEY}")
    (ours.folder(CONFIG.master_url) / "image.vdi").write_bytes(b"x")
    ours.detach(again)
    assert (ours.all(), ours.key(again), list(tmp_path.iterdir())) == ((), None, [])
    ours.detach(again)


def test_a_known_computer_keeps_its_id(tmp_path: Path) -> None:
    assert Attachments(tmp_path, MemoryVault()).attach(CONFIG, KEY, host_cpid="c" * 32).host_cpid == "c" * 32
    assert new_cpid() != new_cpid()


def test_what_can_not_be_kept_is_not_half_kept(tmp_path: Path) -> None:
    vault = MemoryVault()
    with pytest.raises(KeyMalformed):
        Attachments(tmp_path, vault).attach(CONFIG, "no key")
    (tmp_path / "file").write_bytes(b"")
    ours = Attachments(tmp_path / "file", vault)
    with pytest.raises(FolderUnwritable):
        ours.attach(CONFIG, KEY)
    assert vault._secrets == {}


def test_damaged_states(tmp_path: Path) -> None:
    ours = Attachments(tmp_path, MemoryVault())
    ours.attach(CONFIG, KEY)
    (ours.folder(CONFIG.master_url) / "project.json").write_bytes(b"{")
    assert (ours.load(CONFIG.master_url), ours.all()) == (None, ())
