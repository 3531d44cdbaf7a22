"""Windows' way: setup programs, which are played here; on Windows itself it was not run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.update_rig import tree
from t4t.domain.app_update import Kind
from t4t.domain.update_errors import NoWayBack, UpdateFailed
from t4t.updates.installation import Installation
from t4t.updates.setups import Setups


class Computer:
    """A folder in which setup programs put their version."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "Programs" / "Test4Theory"
        self.files = folder / "files"
        self.ran: list[tuple[str, ...]] = []
        self.install("1.0.0")
        self.cut = False
        here = Installation(kind=Kind.SETUP, platform="win32-AMD64", version="1.0.0", root=self.root)
        self.slot = Setups(here, self.files, self.run)

    def install(self, version: str) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        tree(self.root, version, kind=Kind.SETUP)
        (self.root / "t4t").rename(self.root / "t4t.exe")

    def run(self, *command: str) -> None:
        program, *words = command
        self.ran.append((Path(program).name, *words))
        if self.cut:
            (self.root / "_internal" / "installation.json").unlink()
            raise OSError(5, "Input/output error")
        self.install(json.loads(Path(program).read_text())["version"])

    def setup(self, version: str) -> Path:
        path = self.files / f"{version}-t4t.exe"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"version": version}))
        return path


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def test_there_and_back(computer: Computer) -> None:
    slot = computer.slot
    with pytest.raises(NoWayBack):
        slot.keep()
    slot.stage(computer.setup("1.0.0"), "1.0.0", 0)
    slot.keep()
    slot.keep()
    assert slot.keeper.is_file()
    with pytest.raises(NoWayBack):
        slot.stage_kept()
    slot.stage(computer.setup("1.1.0"), "1.1.0", 0)
    slot.put("1.1.0")
    assert (slot.here(), slot.kept()) == ("1.1.0", "1.0.0")
    assert slot.program.is_file()
    slot.stage_kept()
    slot.put("1.0.0")
    assert slot.here() == "1.0.0"
    assert computer.ran == [("setup-1.1.0.exe", "/S", "/Ended"), ("setup-1.0.0.exe", "/S", "/Ended")]
    slot.stage(computer.setup("1.2.0"), "1.2.0", 0)
    slot.put("1.2.0")
    slot.clean("1.0.0")
    assert sorted(path.name for path in (computer.files / "kept").iterdir()) == ["1.0.0", "1.2.0"]


def test_one_that_is_cut_short_is_run_again(computer: Computer) -> None:
    slot = computer.slot
    slot.stage(computer.setup("1.0.0"), "1.0.0", 0)
    slot.keep()
    slot.stage(computer.setup("1.1.0"), "1.1.0", 0)
    computer.cut = True
    with pytest.raises(UpdateFailed):
        slot.put("1.1.0")
    assert slot.here() == ""
    slot.keep()  # what was kept before stays
    computer.cut = False
    slot.put("1.1.0")
    assert slot.here() == "1.1.0"


def test_one_that_puts_something_else_there(computer: Computer) -> None:
    setup = computer.setup("1.1.0")
    computer.slot.stage(setup, "1.1.5", 0)
    with pytest.raises(UpdateFailed, match="not there"):
        computer.slot.put("1.1.5")


def test_what_can_not_be_written(computer: Computer) -> None:
    computer.files.mkdir()
    (computer.files / "kept").write_text("in the way")
    with pytest.raises(UpdateFailed):
        computer.slot.stage(computer.files / "kept", "1.1.0", 0)
    (computer.files / "kept").unlink()
    computer.slot.stage(computer.setup("1.0.0"), "1.0.0", 0)
    (computer.files / "keeper").write_text("in the way")
    with pytest.raises(UpdateFailed):
        computer.slot.keep()
