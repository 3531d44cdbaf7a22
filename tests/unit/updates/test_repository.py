"""The release's script, as whoever releases runs it."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import TYPE_CHECKING

import pytest
import update_repository
from tuf.api._payload import Targets
from tuf.api.metadata import Metadata

from support.update_rig import PASSPHRASE, PLATFORM, Release, packed
from t4t.domain.app_update import Kind, target
from t4t.updates.installation import place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is typed."""
    made = io.StringIO(f"{PASSPHRASE}\nanother horse\n")
    monkeypatch.setattr("sys.stdin", made)
    return made


@pytest.mark.usefixtures("said")
def test_from_keys_to_a_release_and_another_root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, keys, resources = tmp_path / "place", tmp_path / "keys", tmp_path / "resources"
    common = ["--folder", str(folder), "--keys", str(keys)]
    release = ["publish", *common, "--version", "1.1.0", f"{PLATFORM}={packed(tmp_path, '1.1.0')}"]
    update_repository.main(release)
    assert "nothing was published" in capsys.readouterr().out
    update_repository.main(["refresh", *common])
    assert not folder.exists()
    stdin = ["--passphrase-stdin", "--resources", str(resources)]
    update_repository.main(["keys", *common, *stdin, "--address", "https://example.org/updates"])
    assert place(folder=resources).address == "https://example.org/updates"
    assert b"ENCRYPTED" in (keys / "root.pem").read_bytes()
    update_repository.main(release)
    assert sorted(path.name for path in (folder / "metadata").iterdir()) == ["1.root.json", "1.snapshot.json", "1.targets.json", "timestamp.json"]
    update_repository.main(["refresh", *common])
    assert (folder / "metadata" / "2.snapshot.json").is_file()
    # the passphrases of the old and of the new key
    update_repository.sys.stdin.seek(0)  # type: ignore[attr-defined]
    update_repository.main(["rotate", *common, *stdin, "--new", "root", "--new-keys", str(tmp_path / "new")])
    root = json.loads((resources / "root.json").read_bytes())
    assert root["signed"]["version"] == 2
    assert len(root["signatures"]) == 2  # the old key's too: that is how those who know only it follow


def test_a_root_needs_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "")
    with pytest.raises(SystemExit):
        update_repository.main(["keys", "--folder", str(tmp_path), "--keys", str(tmp_path / "keys"), "--address", "https://example.org/"])
    assert not (tmp_path / "keys").exists()


def test_the_names_are_those_that_the_program_asks_for(tmp_path: Path) -> None:
    assert {kind.value for kind in Kind} == set(update_repository.SUFFIXES.values())
    for suffix, kind in update_repository.SUFFIXES.items():
        one = update_repository.Installer(path=tmp_path / f"t4t-1.0.0-any{suffix}", platform=PLATFORM)
        assert one.name == target(Kind(kind), PLATFORM)


def test_the_list_of_installers_is_signed_anew_before_its_time(tmp_path: Path) -> None:
    release = Release(tmp_path)
    release.publish("1.1.0")
    release.repository.refresh()
    assert not (release.folder / "metadata" / "2.targets.json").exists()
    release.time += dt.timedelta(days=100)
    release.repository.refresh()
    assert Metadata.from_file(str(release.repository.newest("targets"))).signed.version == 2


def test_the_release_before_stays_for_a_way_back(tmp_path: Path) -> None:
    release = Release(tmp_path)
    for version in ("1.0.0", "1.1.0", "1.1.0"):
        release.publish(version, archive=packed(tmp_path / version, version) if not (tmp_path / version).exists() else None)
    listed = Metadata[Targets].from_file(str(release.repository.newest("targets"))).signed.targets
    assert {name: one.custom["version"] for name, one in listed.items()} == {
        f"t4t-{PLATFORM}.tar.xz": "1.1.0",
        f"previous/t4t-{PLATFORM}.tar.xz": "1.0.0",
    }
