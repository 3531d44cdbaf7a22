"""Updates as the agent has them made, and as the verb makes them, in this process; what runs of other programs is noted down."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.update_rig import PLATFORM, Release, installed, is_whole
from t4t.bootstrap import updating
from t4t.bootstrap.services import Services
from t4t.bootstrap.updating import UpdateVerbs, Updating
from t4t.cli import arguments, verbs
from t4t.domain.app_update import Kind, Offer, Record, Step, UpdateView, Verdict
from t4t.domain.settings.tree import Transfers, Tree, Updates
from t4t.domain.update_errors import NoWayBack, UpdateBusy, UpdateFailed, UpdateNotOurs, UpdatesNotSetUp
from t4t.host.clock import RealClock
from t4t.updates import applying, installation
from t4t.updates.book import Book, raised
from t4t.updates.installation import Installation
from t4t.updates.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OFFER = Offer(version="1.1.0", kind=Kind.TAR, file="f", nbytes=1, sha256="00")


class HandClock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1.8e9
        self.sleeps: list[float] = []

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Rig:
    """An agent of an installed copy."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.book = Book(self.data)
        self.clock = HandClock()
        self.tree = Tree()
        self.metered: bool | None = None
        self.started: list[tuple[str, ...]] = []
        self.asked: list[str] = []
        self.here = Installation(kind=Kind.TAR, platform=PLATFORM, version="1.0.0", root=folder / "t4t")

    def updating(self, *words: str, here: Installation | None = None) -> Updating:
        made = Updating(
            self.data,
            self.clock,  # type: ignore[arg-type]  # the parts of a clock that it uses
            tree=lambda: self.tree,
            metered=lambda: self.metered,
            words=words,
            here=here or self.here,
            start=lambda _data, *words: self.started.append(words),
        )

        async def ask(verb: str) -> None:
            self.asked.append(verb)

        made._ask = ask  # type: ignore[method-assign]
        return made


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_it_asks_daily_and_installs_what_is_ready_at_a_safe_point(rig: Rig) -> None:
    made = rig.updating("run")
    await made.turn(lambda: True)
    assert rig.asked == ["download"]
    rig.book.change(step=Step.READY, offer=OFFER, checked_at=rig.clock.now, tried_at=rig.clock.now)
    await made.turn(lambda: False)
    assert not rig.started  # a checkpoint is under way
    await made.turn(lambda: True)
    assert rig.started == [("app-update", "apply")]
    await made.turn(lambda: True)
    assert len(rig.started) == 1  # it is under way, or could not be done now
    rig.clock.now += 3600.0
    await made.turn(lambda: True)
    assert len(rig.started) == 2
    assert rig.asked == ["download"]
    rig.clock.now += 86_400.0
    await made.turn(lambda: False)
    assert rig.asked == ["download"] * 2


async def test_as_the_settings_say(rig: Rig) -> None:
    rig.tree = Tree(updates=Updates(check=False, install=False))
    made = rig.updating()
    rig.book.write(Record(step=Step.READY, offer=OFFER))
    await made.turn(lambda: True)
    assert (rig.asked, rig.started) == ([], [])
    rig.tree = Tree(updates=Updates(check=True, install=False))
    rig.metered = True
    await made.turn(lambda: True)
    assert rig.asked == []
    rig.tree = Tree(updates=Updates(check=True, install=False), transfers=Transfers(metered=True))
    await made.turn(lambda: True)
    assert (rig.asked, rig.started) == (["check"], [])
    await made.turn(lambda: True)
    assert rig.asked == ["check"]  # it said nothing: not again at once


@pytest.mark.parametrize("word", ["--once", "--passphrase-stdin"])
async def test_an_agent_that_could_not_come_back_by_itself(rig: Rig, word: str) -> None:
    rig.book.write(Record(step=Step.READY, offer=OFFER, checked_at=rig.clock.now))
    await rig.updating("run", word).turn(lambda: True)
    assert not rig.started


async def test_not_while_a_window_is_open(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.book.write(Record(step=Step.READY, offer=OFFER, checked_at=rig.clock.now))
    open_windows = [[4711], []]
    monkeypatch.setattr("t4t.updates.trial.others_of", lambda _root: open_windows.pop(0))
    made = rig.updating()
    await made.turn(lambda: True)
    assert not rig.started
    await made.turn(lambda: True)
    assert rig.started


async def test_what_somebody_left_in_the_middle_is_taken_up_at_once(rig: Rig) -> None:
    rig.book.write(Record(step=Step.TRIAL, offer=OFFER))
    made = rig.updating()
    with rig.book.held():
        await made.turn(lambda: True)
    assert not rig.started
    await made.turn(lambda: True, taking_up=True)
    await made.turn(lambda: True)  # it may take a moment until that one has begun
    assert rig.started == [("app-update", "apply")]
    rig.book.write(Record(step=Step.READY, offer=OFFER))
    await made.turn(lambda: True, taking_up=True)
    assert (len(rig.started), rig.asked) == (1, [])


async def test_while_the_agent_runs(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    made = rig.updating()
    told: list[UpdateView | None] = []
    over = asyncio.Event()

    async def turn(_settled: Callable[[], bool], *, taking_up: bool = False) -> None:
        if len(rig.clock.sleeps) == 1:
            rig.book.write(Record(offer=OFFER, checked_at=1.0))
        if len(rig.clock.sleeps) == 2:
            raise RuntimeError("a bug")
        if len(rig.clock.sleeps) == 3:
            over.set()
        assert taking_up == (not rig.clock.sleeps)

    monkeypatch.setattr(made, "turn", turn)
    assert made.view == UpdateView(installed="1.0.0")
    async with made.kept(settled=lambda: True, changed=lambda: told.append(made.view)):
        await over.wait()
    assert rig.clock.sleeps[:3] == [120.0, 600.0, 600.0]
    assert [view.verdict for view in told if view is not None] == [Verdict.TAKE]


async def test_one_under_way_is_looked_at_until_it_is_over(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.book.write(Record(step=Step.TRIAL, offer=OFFER))
    made = rig.updating()
    over = asyncio.Event()

    async def turn(_settled: Callable[[], bool], *, taking_up: bool = False) -> None:
        assert taking_up
        if len(rig.clock.sleeps) == 2:
            rig.book.write(Record())

    monkeypatch.setattr(made, "turn", turn)
    async with made.kept(settled=lambda: True, changed=over.set):
        await over.wait()
        await asyncio.sleep(0)
    assert rig.clock.sleeps[:2] == [5.0, 5.0]


async def test_a_source_tree_does_nothing(tmp_path: Path) -> None:
    made = Updating(tmp_path, RealClock(), tree=Tree)
    assert made.view is None
    async with made.kept(settled=lambda: True, changed=lambda: pytest.fail("nothing to show")):
        pass
    assert not Book(tmp_path).folder.exists()


async def test_a_copy_without_a_place_asks_nobody(copy: Copy) -> None:
    assert Updating(copy.data, RealClock(), tree=Tree).view is None
    (copy.place / "place.json").write_text('{"address": "https://example.org/updates"}')
    assert Updating(copy.data, RealClock(), tree=Tree).view == UpdateView(installed="1.0.0")


async def test_the_process_that_asks_ends_with_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Updating(tmp_path, RealClock(), tree=Tree)
    monkeypatch.setattr(updating, "own_program", lambda: (sys.executable, "-c", ""))
    await made._ask("check")
    monkeypatch.setattr(updating, "own_program", lambda: (sys.executable, "-c", "import time; time.sleep(1000)"))
    begun, make = asyncio.Event(), asyncio.create_subprocess_exec
    processes: list[asyncio.subprocess.Process] = []

    async def noted(*command: str, **how: Any) -> asyncio.subprocess.Process:
        processes.append(await make(*command, **how))
        begun.set()
        return processes[-1]

    monkeypatch.setattr("t4t.bootstrap.updating.asyncio.create_subprocess_exec", noted)
    asking = asyncio.create_task(made._ask("check"))
    await begun.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert processes[0].returncode is not None


# --- the verb --------------------------------------------------------------------------------------------------------


class Copy:
    """This process as an installed copy, with a place of updates in a folder."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.data = folder / "data"
        self.release = Release(folder / "release")
        self.here = installed(folder / "apps" / "t4t")
        self.became: list[tuple[Path, tuple[str, ...]]] = []
        self.place = place = folder / "place"
        place.mkdir()
        (place / "root.json").write_bytes(self.release.root)
        patch.setattr(installation, "installation", lambda home=None, found=installation.installation: self.here if home is None else found(home))
        patch.setattr(installation, "resource_folder", lambda _name: place)
        self.verbs = UpdateVerbs(self.data, lambda *how: self.became.append(how))
        self.patch = patch

    def run(self, *words: str) -> int:
        args = arguments.parser().parse_args(["--data-dir", str(self.data), *words])
        self.patch.setattr(Services, "of_updates", lambda _services: self.verbs)
        return verbs.run(args, Services(self.data))


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    return Copy(tmp_path, monkeypatch)


def test_from_check_to_the_kept_copy(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    copy.release.publish("1.1.0")
    where = ("--from", str(copy.release.folder))
    with pytest.raises(UpdatesNotSetUp):
        copy.run("app-update", "check")
    assert copy.run("app-update", "status") == 0
    assert "Nobody has been asked yet" in capsys.readouterr().out
    assert copy.run("app-update", "check", *where) == 0
    assert "Version 1.1.0 is out" in capsys.readouterr().out
    assert copy.run("app-update", "download", *where) == 0
    assert "downloaded and verified" in capsys.readouterr().out
    assert copy.run("app-update", "skip", "1.1.0") == 0
    assert "skipped, as you wish" in capsys.readouterr().out
    assert copy.run("app-update", "install", "--again", *where) == 0
    assert "is being installed" in capsys.readouterr().out
    slot = Trees(copy.here)
    assert copy.became == [(slot.keeper, ("--data-dir", str(copy.data), "app-update", "apply", "--root", str(copy.here.root)))]
    assert slot.kept() == "1.0.0"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows exchanges no folders")
def test_the_kept_copy_does_it(copy: Copy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    copy.release.publish("1.1.0")
    copy.run("app-update", "install", "--from", str(copy.release.folder))
    monkeypatch.setattr("t4t.updates.trial.Agents.unfit", lambda _agents, _program: "")
    capsys.readouterr()
    assert copy.run("--json", "app-update", "apply", "--root", str(copy.here.root)) == 0
    assert '"installed": "1.1.0"' in capsys.readouterr().out
    assert is_whole(copy.here.root, "1.1.0")
    monkeypatch.setattr(sys, "argv", ["t4t", "--json"])
    assert copy.run("app-update", "roll-back") == 0
    assert copy.became[-1][1] == ("--data-dir", str(copy.data), "--json", "app-update", "apply", "--root", str(copy.here.root))
    assert "is being installed" in capsys.readouterr().out
    assert Book(copy.data).record.back


def test_what_went_wrong_is_raised_and_written_down(copy: Copy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    copy.release.publish("1.1.0")
    copy.run("app-update", "download", "--from", str(copy.release.folder))

    def refuse(_slot: Trees) -> None:
        raise UpdateFailed(version="1.0.0", reason="Permission denied")

    monkeypatch.setattr(Trees, "keep", refuse)
    with pytest.raises(UpdateFailed):
        copy.run("app-update", "apply")
    record = Book(copy.data).record
    assert record.failure is not None
    assert isinstance(raised(record.failure), UpdateFailed)
    assert record.step is Step.READY
    capsys.readouterr()
    copy.run("app-update", "status")
    assert "T4T-UPD-06" in "".join(capsys.readouterr())
    with Book(copy.data).held(), pytest.raises(UpdateBusy):
        copy.run("app-update", "apply")
    with pytest.raises(NoWayBack):
        copy.run("app-update", "roll-back")
    assert not copy.became


def test_a_source_tree_says_so(tmp_path: Path) -> None:
    updates = Services(tmp_path).of_updates()
    for act in (updates.view, lambda: updates.check(""), updates.roll_back, lambda: updates.apply(None)):
        with pytest.raises(UpdateNotOurs):
            act()


def test_a_progress_is_told_where_somebody_looks(copy: Copy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    copy.release.publish("1.1.0")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    copy.run("app-update", "download", "--from", str(copy.release.folder))
    assert capsys.readouterr().err == "\r100 % downloaded\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows can't become another program")
def test_becoming_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr("t4t.bootstrap.updating.os.execve", lambda *how: asked.append(how))
    updating.become_program(tmp_path / "t4t", ("app-update", "apply"))
    assert asked[0][:2] == (tmp_path / "t4t", (str(tmp_path / "t4t"), "app-update", "apply"))


def test_a_way_back_that_is_taken_up(copy: Copy) -> None:
    """Whoever finds one under way hands over to the kept copy, and begins nothing anew."""
    slot = Trees(copy.here)
    Book(copy.data).write(Record(step=Step.RETURNING, offer=OFFER, before="1.0.0"))
    copy.run("app-update", "apply")
    assert copy.became[0][0] == slot.keeper
    assert slot.keeper.is_file()
    copy.run("app-update", "apply")
    assert applying.slot_of(copy.here, Book(copy.data)).here() == "1.0.0"
