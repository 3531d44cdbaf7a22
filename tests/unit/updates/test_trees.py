"""Real folders that change places."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from support.update_rig import installed, is_whole, packed, tree, versions
from t4t.domain.app_update import Kind
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.update_errors import NoWayBack, UpdateFailed, UpdateNotOurs, UpdatesNotSetUp
from t4t.updates import installation as places
from t4t.updates import trees
from t4t.updates.installation import Installation, installation, installation_at, place, program_in, version_at
from t4t.updates.trees import Trees, copy_tree, exchange, run_tool, unpack_dmg

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such exchange: there a setup program does it")


@pytest.fixture
def slot(tmp_path: Path) -> Trees:
    return Trees(installed(tmp_path / "apps" / "t4t"))


def _root(tmp_path: Path) -> Path:
    return tmp_path / "apps" / "t4t"


def test_there_and_back(slot: Trees, tmp_path: Path) -> None:
    root = _root(tmp_path)
    slot.keep()
    assert (slot.here(), slot.kept()) == ("1.0.0", "1.0.0")
    assert slot.keeper.is_file()
    with pytest.raises(NoWayBack):
        slot.stage_kept()
    program = slot.stage(packed(tmp_path, "1.1.0"), "1.1.0", 1000)
    assert is_whole(root, "1.0.0")
    assert is_whole(program.parent, "1.1.0")
    slot.put("1.1.0")
    assert is_whole(root, "1.1.0")
    assert slot.here() == "1.1.0"
    slot.clean("1.0.0")
    assert versions(root) == {"t4t": "1.1.0", ".t4t-previous": "1.0.0"}
    back = slot.stage_kept()
    assert is_whole(back.parent, "1.0.0")
    slot.put("1.0.0")
    assert is_whole(root, "1.0.0")
    slot.put("1.1.0")
    shutil.rmtree(slot.next)  # somebody tidied up: the way back is the kept one
    slot.put("1.0.0")
    assert is_whole(root, "1.0.0")


def test_a_file_that_runs_keeps_its_own_version(slot: Trees, tmp_path: Path) -> None:
    """Whoever works from the kept copy never reads a file of the other version, whatever is exchanged."""
    slot.keep()
    before = (slot.previous / "_internal" / "lib" / "libthing.so.1").read_text()
    slot.stage(packed(tmp_path, "1.1.0"), "1.1.0", 0)
    slot.put("1.1.0")
    slot.clean("1.0.0")
    assert (slot.previous / "_internal" / "lib" / "libthing.so.1").read_text() == before == "library of 1.0.0"


def test_keeping_costs_no_space_and_is_done_once(slot: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slot.keep()
    one, other = ((folder / "_internal" / "installation.json").stat().st_ino for folder in (_root(tmp_path), slot.previous))
    assert one == other
    monkeypatch.setattr(trees, "copy_tree", lambda *_folders: pytest.fail("it is kept already"))
    slot.keep()


def test_a_disk_without_hard_links(slot: Trees, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_names: object, **_how: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("t4t.updates.trees.os.link", refused)
    slot.keep()
    assert is_whole(slot.previous, "1.0.0")


def _refused(slot: Trees, tmp_path: Path, archive: Path, version: str = "1.1.0") -> str:
    slot.keep()
    with pytest.raises(UpdateFailed) as caught:
        slot.stage(archive, version, 0)
    assert is_whole(_root(tmp_path), "1.0.0")
    assert sorted(path.name for path in _root(tmp_path).parent.iterdir()) == [".t4t-previous", "t4t"]
    return caught.value.reason


def test_archives_that_are_none(slot: Trees, tmp_path: Path) -> None:
    whole = packed(tmp_path, "1.1.0", size=50_000)
    cut = tmp_path / "cut.tar.xz"
    cut.write_bytes(whole.read_bytes()[:20_000])
    assert _refused(slot, tmp_path, cut)
    assert "another version" in _refused(slot, tmp_path, whole, "1.2.0")
    two = tmp_path / "two.tar"
    with tarfile.open(two, "w") as tar:
        for name in ("a", "b"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert "more than one" in _refused(slot, tmp_path, two)
    out = tmp_path / "out.tar"
    with tarfile.open(out, "w") as tar:
        tar.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO())
    assert _refused(slot, tmp_path, out)
    assert not list(tmp_path.rglob("escaped"))


def test_a_full_disk(slot: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(tmp_path, "1.1.0")
    with pytest.raises(NotEnoughDisk):
        slot.stage(archive, "1.1.0", 1 << 60)

    def full(*_how: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extractall", full)
    assert _refused(slot, tmp_path, archive) == "No space left on device"


def test_a_file_system_that_can_not_exchange(slot: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slot.keep()
    slot.stage(packed(tmp_path, "1.1.0"), "1.1.0", 0)
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "nothing", _root(tmp_path))

    class Old:
        """A C library that has no such call."""

    monkeypatch.setattr("t4t.updates.trees.ctypes.CDLL", lambda *_name, **_how: Old())
    with pytest.raises(UpdateFailed):
        slot.put("1.1.0")
    assert is_whole(_root(tmp_path), "1.0.0")


def test_what_is_to_be_put_in_place_is_gone(slot: Trees) -> None:
    with pytest.raises(UpdateFailed):  # nor is anything kept
        slot.put("1.1.0")
    slot.keep()
    with pytest.raises(UpdateFailed):
        slot.put("1.1.0")
    assert slot.here() == "1.0.0"


def test_a_copy_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    source = tree(tmp_path / "a", "1.0.0")
    tree(tmp_path / "b", "0.9.0")
    (tmp_path / "b.part").mkdir()  # of somebody who was killed
    copy_tree(source, tmp_path / "b")
    assert is_whole(tmp_path / "b", "1.0.0")
    assert not (tmp_path / "b.part").exists()


# --- macOS ---------------------------------------------------------------------------------------------------------------


def _app(folder: Path, version: str) -> Path:
    home = folder / "Test4Theory.app" / "Contents" / "Frameworks"
    home.mkdir(parents=True)
    (home / "installation.json").write_text(f'{{"kind": "app", "platform": "darwin-arm64", "version": "{version}"}}')
    (home.parent / "MacOS").mkdir()
    (home.parent / "MacOS" / "t4t").write_text("")
    return folder / "Test4Theory.app"


def test_an_app_out_of_its_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools are played; what they are asked, in which order, is what counts."""
    app = _app(tmp_path / "Applications", "1.0.0")
    here = installation(app / "Contents" / "Frameworks")
    assert here == Installation(kind=Kind.APP, platform="darwin-arm64", version="1.0.0", root=app)
    asked: list[tuple[str, ...]] = []

    def tool(*words: str) -> None:
        asked.append(words)
        if words[:2] == ("hdiutil", "attach"):
            shutil.copytree(_app(tmp_path / "image", "1.1.0"), f"{words[-2]}/Test4Theory.app")
        if words[0] == "ditto":
            shutil.copytree(words[1], words[2])
        if words[:2] == ("hdiutil", "detach"):
            shutil.rmtree(words[2])

    monkeypatch.setattr(trees, "unpack_dmg", lambda image, folder: unpack_dmg(image, folder, tool))
    slot = Trees(here)
    slot.keep()
    image = tmp_path / "t4t.dmg"
    image.write_bytes(b"image")
    program = slot.stage(image, "1.1.0", 0)
    assert [words[:2] for words in asked] == [
        ("hdiutil", "attach"),
        ("ditto", asked[1][1]),
        ("hdiutil", "detach"),
        ("codesign", "--verify"),
    ]
    assert program == program_in(slot.next, Kind.APP)
    slot.put("1.1.0")
    assert version_at(app, Kind.APP) == "1.1.0"

    def empty(*words: str) -> None:
        asked.append(words)

    folder = tmp_path / "work"
    folder.mkdir()
    with pytest.raises(ValueError, match="one app"):
        unpack_dmg(image, folder, empty)
    assert asked[-1][:2] == ("hdiutil", "detach")


def test_tools_that_fail() -> None:
    run_tool(sys.executable, "-c", "")
    with pytest.raises(OSError, match="so it is"):
        run_tool(sys.executable, "-c", "import sys; sys.exit('so it is')")
    with pytest.raises(OSError, match="ended with 3"):
        run_tool(sys.executable, "-c", "import sys; sys.exit(3)")


def test_a_tool_that_hangs_is_a_failure(slot: Trees, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_how: object) -> Path:
        raise subprocess.TimeoutExpired("hdiutil", 600)

    monkeypatch.setattr(trees, "unpack_tar", hangs)
    assert "timed out" in _refused(slot, tmp_path, packed(tmp_path, "1.1.0"))


# --- which copy this is --------------------------------------------------------------------------------------------------


def test_a_source_tree_has_nothing_to_do_with_updates(tmp_path: Path) -> None:
    assert installation() is None
    with pytest.raises(UpdateNotOurs):
        places.ours()
    with pytest.raises(UpdateNotOurs):
        installation_at(tmp_path)
    (tmp_path / "installation.json").write_text("{")
    assert installation(tmp_path) is None


def test_the_place_and_the_first_key(tmp_path: Path) -> None:
    with pytest.raises(UpdatesNotSetUp, match="key"):
        place(folder=tmp_path)
    (tmp_path / "root.json").write_bytes(b"root")
    with pytest.raises(UpdatesNotSetUp, match="address"):
        place(folder=tmp_path)
    (tmp_path / "place.json").write_text('{"address": "https://example.org/updates/"}')
    assert place(folder=tmp_path).address == "https://example.org/updates"
    assert place("/media/stick", tmp_path).address == "/media/stick"
    assert place(folder=tmp_path).root == b"root"


def test_the_sources_have_no_key_yet() -> None:
    """Whoever releases makes the keys; until then a copy says that it has none instead of trusting anybody."""
    with pytest.raises(UpdatesNotSetUp):
        place()
