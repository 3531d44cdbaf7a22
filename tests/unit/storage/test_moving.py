"""The machines moved to another disk: killed at each step on real files, one good copy is always left, and the next start goes on."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.scratch import scratch
from t4t.domain.errors import FolderUnwritable, NotEnoughDisk
from t4t.domain.move_errors import MachinesAway, MoveFailed, PlaceRefused
from t4t.storage import moving
from t4t.storage.disk_use import measure
from t4t.storage.moving import finish
from t4t.storage.place import check_place, home, moved_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MACHINES = {"a/disk.qcow2": b"disk of a" * 1000, "a/state/vm.json": b"{}", "b/empty": b"", ".bases/lock": b"1"}
EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.truncate", "shutil.rmtree", "shutil.copystat", "os.scandir"}
FORKS = pytest.mark.skipif(sys.platform == "win32", reason="processes are copied here, to be killed")


def plenty(_folder: Path, _mib: int) -> None:
    """There is room."""


def quiet(_done: int, _size: int) -> None:
    """Nobody looks on."""


def move(data: Path, to: Path, tell: Callable[[int, int], None] = quiet) -> Path:
    return moving.move(data, to, check_room=plenty, tell=tell)


def made(root: Path, files: dict[str, bytes] = MACHINES) -> tuple[Path, Path]:
    """A data folder with machines, and another disk."""
    data, disk = root / "data", root / "disk"
    disk.mkdir()
    for name, content in files.items():
        (data / "vms" / name).parent.mkdir(parents=True, exist_ok=True)
        (data / "vms" / name).write_bytes(content)
    return data, disk


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def left(data: Path, disk: Path) -> tuple[list[str], list[str]]:
    return sorted(path.name for path in data.iterdir()), sorted(path.name[:8] for path in disk.iterdir())


def test_there_and_on_and_back(tmp_path: Path) -> None:
    data, disk = made(tmp_path)
    told: list[tuple[int, int]] = []
    place = move(data, disk, lambda done, size: told.append((done, size)))
    assert told[-1] == (sum(map(len, MACHINES.values())),) * 2
    assert (place.parent, moved_to(data), home(data)) == (disk, str(place), data / "vms")
    assert read(data / "vms") == read(place) == MACHINES
    assert left(data, disk) == (["vms"], ["t4t-vms-"])
    assert measure(data).total >= measure(data).machines["a"] > 0
    other = tmp_path / "other"
    other.mkdir()
    assert move(data, other).parent == other
    assert (read(data / "vms"), left(data, disk), left(data, other)) == (MACHINES, (["vms"], []), (["vms"], ["t4t-vms-"]))
    assert move(data, data) == data / "vms"
    assert (moved_to(data), home(data), read(data / "vms"), left(data, other)) == (None, data, MACHINES, (["vms"], []))


def test_no_machines_yet(tmp_path: Path) -> None:
    data, disk = made(tmp_path, {})
    move(data, disk)
    (data / "vms" / "new").mkdir()
    assert [path.name for path in next(disk.iterdir()).iterdir()] == ["new"]


@pytest.mark.skipif(sys.platform == "win32", reason="holes, modes and sockets")
def test_holes_modes_and_links_stay_and_sockets_do_not(tmp_path: Path) -> None:
    data, disk = made(tmp_path)
    with (data / "vms" / "a" / "holes").open("wb") as file:
        file.truncate(64 << 20)
        file.seek(32 << 20)
        file.write(b"x")
    (data / "vms" / "a").chmod(0o700)
    os.utime(data / "vms" / "a" / "disk.qcow2", ns=(5, 5))
    (data / "vms" / "a" / "link").symlink_to("disk.qcow2")
    (data / "vms" / "c").symlink_to("a")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(data / "vms" / "monitor"))
        place = move(data, disk)
    assert ((place / "a").stat().st_mode & 0o777, (place / "a" / "disk.qcow2").stat().st_mtime_ns) == (0o700, 5)
    assert ((place / "a" / "link").readlink(), (place / "c").readlink()) == (Path("disk.qcow2"), Path("a"))
    assert (place / "a" / "holes").read_bytes()[32 << 20 :][:1] == b"x"
    if sys.platform == "linux":
        assert (place / "a" / "holes").stat().st_blocks * 512 < 8 << 20
    assert not (place / "monitor").exists()


@pytest.mark.parametrize("where", ["nowhere", "file", "data", "data/vms", "data/vms/a", "data/logs"])
def test_where_they_can_not_go(tmp_path: Path, where: str) -> None:
    data, disk = made(tmp_path)
    (tmp_path / "file").touch()
    (data / "logs").mkdir()
    with pytest.raises(PlaceRefused):
        move(data, tmp_path / where)
    move(data, disk)
    with pytest.raises(PlaceRefused):
        move(data, disk)  # they are there
    with pytest.raises(PlaceRefused):
        move(data, data / "vms")
    assert read(data / "vms") == MACHINES


def test_no_room(tmp_path: Path) -> None:
    data, disk = made(tmp_path)

    def check(folder: Path, mib: int) -> None:
        raise NotEnoughDisk(path=str(folder), needed_mib=mib, free_mib=1)

    with pytest.raises(NotEnoughDisk) as refused:
        moving.move(data, disk, check_room=check, tell=quiet)
    assert (refused.value.path, left(data, disk)) == (str(disk), (["vms"], []))


class Cancelled(BaseException):
    """As Ctrl-C."""


def test_cancelled(tmp_path: Path) -> None:
    data, disk = made(tmp_path)

    def stop(_done: int, _size: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        move(data, disk, stop)
    assert (left(data, disk), moved_to(data), read(data / "vms")) == ((["vms"], []), None, MACHINES)


def test_a_copy_that_is_not_the_same_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, disk = made(tmp_path)
    monkeypatch.setattr(moving, "_read_again", lambda _path: "another sum")
    with pytest.raises(MoveFailed, match="not the same"):
        move(data, disk)
    assert (left(data, disk), read(data / "vms")) == ((["vms"], []), MACHINES)


def test_a_file_that_changes_meanwhile(tmp_path: Path) -> None:
    data, disk = made(tmp_path)

    def write(_done: int, _size: int) -> None:
        (data / "vms" / "a" / "disk.qcow2").write_bytes(b"other")

    with pytest.raises(MoveFailed, match="changed"):
        move(data, disk, write)
    assert (left(data, disk), read(data / "vms").keys()) == ((["vms"], []), MACHINES.keys())


def test_a_disk_that_is_not_there(tmp_path: Path) -> None:
    data, disk = made(tmp_path)
    check_place(data)
    move(data, disk)
    check_place(data)
    disk.rename(tmp_path / "unplugged")
    with pytest.raises(MachinesAway):
        check_place(data)
    with pytest.raises(MachinesAway):
        move(data, data)
    (tmp_path / "unplugged").rename(disk)
    assert move(data, data) == data / "vms"
    assert read(data / "vms") == MACHINES


def journal(data: Path, **more: object) -> None:
    given_ = {"stage": "switch", "old": str(data / "vms"), "new": str(data.parent / "gone"), "aside": str(data / "vms-before-x"), "back": False}
    (data / "moving.json").write_bytes(msgspec.json.encode(given_ | more))


def test_the_original_stays_until_the_copy_is_seen_again(tmp_path: Path) -> None:
    """The disk was unplugged between the durable word and the end."""
    data, _ = made(tmp_path)
    journal(data)
    with pytest.raises(MachinesAway):
        finish(data)
    assert read(data / "vms") == MACHINES
    (tmp_path / "gone").mkdir()
    assert finish(data)
    assert moved_to(data) == str(tmp_path / "gone")


def test_a_journal_that_can_not_be_read_or_written(tmp_path: Path) -> None:
    data, disk = made(tmp_path)
    (data / "moving.json").write_bytes(b"{")
    with pytest.raises(MoveFailed):
        finish(data)
    (data / "moving.json").unlink()
    assert not finish(data)
    (data / "moving.json").mkdir()
    with pytest.raises(MoveFailed):
        move(data, disk)
    (data / "moving.json").rmdir()
    assert read(data / "vms") == MACHINES


def test_a_word_that_can_not_be_written_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, disk = made(tmp_path)

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(moving, "write_atomic", full)
        with pytest.raises(FolderUnwritable):
            move(data, disk)
    assert (left(data, disk), read(data / "vms")) == ((["vms"], []), MACHINES)


def test_a_switch_that_the_disk_does_not_let_is_done_with_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, disk = made(tmp_path)

    def refuse(_place: Path, _target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as broken:
        broken.setattr(moving, "link", refuse)
        with pytest.raises(MoveFailed):
            move(data, disk)
    assert finish(data)
    assert (read(data / "vms"), left(data, disk)) == (MACHINES, (["vms"], ["t4t-vms-"]))


# --- killed ----------------------------------------------------------------------------------------------------------


def killed(work: Callable[[], object], at: int) -> bool:
    """Do ``work`` in a process of its own that dies at its ``at``-th step on files; whether it did.

    It is not measured for coverage, neither from its start nor at its end: that costs a hundred times the work.
    """
    with pytest.MonkeyPatch.context() as unmeasured:
        for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
            unmeasured.delenv(name, raising=False)
        child = os.fork()
    if child == 0:
        steps = 0

        def count(event: str, _args: object) -> None:
            nonlocal steps
            if event in EVENTS:
                steps += 1
                if steps == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(count)
            work()
        finally:
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGUSR1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def good_copies(data: Path, disk: Path, files: dict[str, bytes]) -> int:
    places = [*data.glob("vms*"), *data.glob("t4t-vms-*"), *disk.glob("t4t-vms-*")]
    return sum(read(place.resolve()) == files for place in {place.resolve() for place in places if place.is_dir()})


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder where to write costs little."""
    with tempfile.TemporaryDirectory(dir=scratch()) as root:
        yield Path(root)


@FORKS
@pytest.mark.unmeasured
@pytest.mark.parametrize("back", [False, True])
def test_killed_at_each_step(memory: Path, *, back: bool) -> None:
    """Whatever was done, one whole copy is there, and the next start makes it the only one, at the one path that everybody uses."""
    at = 0
    while True:
        at += 1
        root = memory / str(at)
        root.mkdir()
        data, disk = made(root)
        if back:
            move(data, disk)
        died = killed(lambda data=data, to=data if back else disk: move(data, to), at)  # type: ignore[misc]
        assert good_copies(data, disk, MACHINES) >= 1, at
        finish(data)
        check_place(data)
        assert read(data / "vms") == MACHINES, at
        away = moved_to(data) is not None
        assert left(data, disk) == (["vms"], ["t4t-vms-"] if away else []), at
        if not died:
            assert away is not back
            break
    assert at > 40


@FORKS
@pytest.mark.unmeasured
@settings(max_examples=40, deadline=None)
@given(
    files=st.dictionaries(st.sampled_from(["a/x", "a/y/z", "b/w", "v"]), st.binary(max_size=2000) | st.just(bytes(1 << 20))),
    deaths=st.lists(st.integers(1, 90), max_size=4),
    ways=st.lists(st.booleans(), min_size=1, max_size=3),
)
def test_killed_again_and_again(files: dict[str, bytes], deaths: list[int], ways: list[bool]) -> None:
    with tempfile.TemporaryDirectory(dir=scratch()) as root:
        data, disk = made(Path(root), files)
        (data / "vms").mkdir(parents=True, exist_ok=True)
        for number, back in enumerate(ways):
            wanted = data if back else disk

            def go(wanted: Path = wanted) -> None:
                move(data, wanted)

            if number < len(deaths):
                killed(go, deaths[number])
            for at in deaths[number:]:
                killed(lambda: finish(data), at)
            finish(data)
            assert read(data / "vms") == files
            assert left(data, disk) == (["vms"], ["t4t-vms-"] if moved_to(data) is not None else [])
