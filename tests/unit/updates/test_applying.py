"""Putting a version in place on real folders, with an agent that is played; killed before and after each single thing that is done."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from support.command_line import contents
from support.update_rig import PLATFORM, installed, is_whole, packed, versions
from t4t.domain.app_update import STARTS, UNDER_WAY, Kind, Offer, Record, Step
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.update_errors import NothingNewer, NoWayBack, UpdateBusy, UpdateFailed, UpdateUnfit, UpdateUntrusted
from t4t.storage.files import sha256_of
from t4t.updates.applying import Applier, begin, begin_return, outcome, slot_of
from t4t.updates.book import Book, failed, raised
from t4t.updates.fetching import FILES
from t4t.updates.installation import Installation
from t4t.updates.setups import Setups
from t4t.updates.source import kept_name
from t4t.updates.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows exchanges no folders: there a setup program does it")
OLD: Final = "1.0.0"
NEW: Final = "1.1.0"
WORDS: Final = ("run", "--cores", "1")


class KilledError(BaseException):
    """Somebody ended us."""


class Life:
    """Counts what is done, and ends us at one of them, before or after it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.at: int | None = None
        self.after = False

    def does(self, name: str, act: Callable[[], Any]) -> Any:
        number = len(self.done)
        self.done.append(name)
        if number == self.at and not self.after:
            raise KilledError(name)
        result = act()
        if number == self.at:
            raise KilledError(name)
        return result


class PlayedAgent:
    """`World`: the agent of a data folder, which is at work exactly where it was left."""

    def __init__(self, life: Life, slot: Trees, *, runs: bool = True) -> None:
        self.life = life
        self.slot = slot
        self.running: str | None = slot.here() if runs else None
        self.unfit_versions: set[str] = set()
        self.broken_versions: set[str] = set()
        self.busy = False
        self.quiets = 0

    def _version(self, program: Path) -> str:
        return next(version for name, version in versions(self.slot.program.parent).items() if name == program.parent.name)

    def words(self) -> tuple[str, ...] | None:
        return None if self.running is None else WORDS

    def unfit(self, program: Path) -> str:
        return str(self.life.does("unfit", lambda: "its part “agent” fails" if self._version(program) in self.unfit_versions else ""))

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        if self.busy:
            raise UpdateBusy(what="a window")
        self.life.does("quit", self._quit)
        self.quiets += 1
        yield
        assert self.running is None

    def _quit(self) -> None:
        self.running = None

    def _run(self, program: Path) -> None:
        assert self.running is None, "two agents"
        self.running = self._version(program)

    def start(self, program: Path, words: Sequence[str]) -> None:
        assert tuple(words) == WORDS
        self.life.does("start", lambda: self._run(program))

    def fails(self, program: Path, words: Sequence[str]) -> str:
        assert tuple(words) == WORDS
        if self.running is None:
            self.life.does("start", lambda: self._run(program))
        if self.running in self.broken_versions:
            self.life.does("end", self._quit)
            return "it ended at its start, with 1"
        return ""


class CountedBook(Book):
    """A record each of whose changes is a moment to die at."""

    life = Life()

    def write(self, record: Record) -> Record:
        return self.life.does(f"write {record.step.value}", lambda: super(CountedBook, self).write(record))  # type: ignore[no-any-return]


class CountedTrees(Trees):
    """The same of folders."""

    life = Life()

    def stage(self, installer: Path, version: str, unpacked: int) -> Path:
        return self.life.does("stage", lambda: super(CountedTrees, self).stage(installer, version, unpacked))  # type: ignore[no-any-return]

    def stage_kept(self) -> Path:
        return self.life.does("stage kept", super().stage_kept)  # type: ignore[no-any-return]

    def put(self, version: str) -> None:
        self.life.does(f"put {version}", lambda: super(CountedTrees, self).put(version))

    def clean(self, before: str) -> None:
        self.life.does("clean", lambda: super(CountedTrees, self).clean(before))


class Rig:
    """A computer with version 1.0.0 in place and 1.1.0 ready, and work in its data folder."""

    def __init__(self, folder: Path, archive: Path, *, runs: bool = True) -> None:
        self.root = folder / "apps" / "t4t"
        self.life = Life()
        here = installed(self.root, OLD)
        self.slot = CountedTrees(here)
        self.book = CountedBook(folder / "data")
        self.slot.life = self.book.life = self.life
        self.agent = PlayedAgent(self.life, self.slot, runs=runs)
        self.work = folder / "data" / "vms"
        (self.work / "a").mkdir(parents=True)
        (self.work / "a" / "state.sav").write_bytes(b"hours of work")
        self.before = contents(self.work)
        files = self.book.folder / FILES
        files.mkdir(parents=True)
        offer = Offer(version=NEW, kind=Kind.TAR, file="t4t-linux-x86_64.tar.xz", nbytes=archive.stat().st_size, sha256=sha256_of(archive))
        (files / kept_name(offer)).hardlink_to(archive)
        self.book.write(Record(step=Step.READY, offer=offer))
        begin(self.book, self.slot)
        self.life.done.clear()

    def run(self) -> Record:
        return Applier(self.book, self.slot, self.agent).run()

    def killed(self) -> None:
        with pytest.raises(KilledError):
            self.run()
        self.life.at = None

    def holds(self, version: str) -> Record:
        """This version is in place, whole, with an agent of it that runs and all work intact."""
        record = self.book.record
        assert record.step not in UNDER_WAY
        assert is_whole(self.root, version)
        assert contents(self.work) == self.before
        assert self.agent.running == version
        assert ".t4t-next" not in versions(self.root)
        return record


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("archive"), NEW)


@pytest.fixture
def rig(tmp_path: Path, archive: Path) -> Rig:
    return Rig(tmp_path, archive)


def test_one_version_after_the_other(rig: Rig) -> None:
    rig.run()
    record = rig.holds(NEW)
    assert (record.previous, record.failure, record.bad) == (OLD, None, ())
    assert rig.slot.kept() == OLD
    assert rig.agent.quiets == 1
    outcome(record)
    assert rig.run() == record  # nothing more is to be done


def test_without_an_agent_none_is_started(tmp_path: Path, archive: Path) -> None:
    rig = Rig(tmp_path, archive, runs=False)
    rig.run()
    assert is_whole(rig.root, NEW)
    assert rig.agent.running is None
    assert rig.life.done.count("unfit") == 2


def test_one_that_says_itself_that_it_does_not_work(rig: Rig) -> None:
    rig.agent.unfit_versions = {NEW}
    with pytest.raises(UpdateUnfit):
        outcome(rig.run())
    assert rig.holds(OLD).bad == (NEW,)
    assert rig.agent.quiets == 0  # nobody's work was interrupted for it


def test_one_that_ends_or_hangs_on_the_volunteers_folder(rig: Rig) -> None:
    rig.agent.broken_versions = {NEW}
    record = rig.run()
    assert rig.holds(OLD).bad == (NEW,)
    with pytest.raises(UpdateUnfit, match="at its start"):
        outcome(record)


def test_without_an_agent_one_that_works_beside_and_not_in_place(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path, archive, runs=False)
    asked = iter(("", "its part “libraries” hangs"))
    monkeypatch.setattr(rig.agent, "unfit", lambda _program: next(asked))
    rig.run()
    assert is_whole(rig.root, OLD)
    assert rig.book.record.bad == (NEW,)


def test_a_window_is_open(rig: Rig) -> None:
    rig.agent.busy = True
    record = rig.run()
    assert record.step is Step.READY
    assert record.failure is not None
    assert type(raised(record.failure)) is UpdateBusy
    rig.agent.busy = False
    begin(rig.book, rig.slot)
    rig.run()
    rig.holds(NEW)


@pytest.mark.parametrize("error", [UpdateFailed(version=NEW, reason="no"), NotEnoughDisk(path="/", needed_mib=2, free_mib=1)], ids=["failed", "full"])
def test_it_can_not_be_unpacked(rig: Rig, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_what: object) -> Path:
        raise error

    monkeypatch.setattr(Trees, "stage", refuse)
    record = rig.run()
    assert (record.step, record.bad) == (Step.FOUND, ())  # it is tried again
    rig.holds(OLD)
    with pytest.raises(type(error)):
        outcome(record)


def test_it_can_not_be_exchanged_when_all_has_ended(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_what: object) -> None:
        raise UpdateFailed(version=NEW, reason="Invalid argument")

    monkeypatch.setattr(Trees, "put", refuse)
    rig.run()
    assert rig.life.done.count("quit") == 1
    assert rig.holds(OLD).step is Step.FOUND  # and the agent is back


def test_the_installer_was_changed_on_this_disk(rig: Rig) -> None:
    next((rig.book.folder / FILES).iterdir()).unlink()
    with pytest.raises(UpdateUntrusted):
        outcome(rig.run())
    rig.holds(OLD)


def test_somebody_installed_yet_another_version(rig: Rig) -> None:
    marker = rig.root / "_internal" / "installation.json"
    marker.write_text(marker.read_text().replace(OLD, "7.0.0"))
    assert rig.run().step is Step.IDLE
    assert rig.slot.here() == "7.0.0"


def test_one_that_is_never_finished_is_given_up(rig: Rig) -> None:
    for _ in range(STARTS):
        rig.life.done.clear()
        rig.life.at = 2
        rig.killed()
    rig.run()
    assert rig.holds(OLD).bad == (NEW,)
    with pytest.raises(UpdateFailed):
        outcome(rig.book.record)


def _moments(tmp_path: Path, archive: Path, prepare: Callable[[Rig], None]) -> list[str]:
    """Everything that is done in a life that nobody ends."""
    rig = Rig(tmp_path / "whole", archive)
    prepare(rig)
    rig.life.done.clear()
    rig.run()
    return list(rig.life.done)


def _nothing(_rig: Rig) -> None:
    """All goes well."""


def _breaks(rig: Rig) -> None:
    rig.agent.broken_versions = {NEW}


def _does_not_start(rig: Rig) -> None:
    rig.agent.unfit_versions = {NEW}


def _goes_back(rig: Rig) -> None:
    rig.run()
    begin_return(rig.book, rig.slot, Kind.TAR)


@pytest.mark.parametrize(
    ("prepare", "ends"),
    [(_nothing, NEW), (_breaks, OLD), (_does_not_start, OLD), (_goes_back, OLD)],
    ids=["works", "crashes", "says no", "goes back"],
)
def test_killed_at_each_moment(tmp_path: Path, archive: Path, prepare: Callable[[Rig], None], ends: str) -> None:
    """What is in place is a whole version at each of them; whoever takes it up ends on the right one, with the agent and the work there."""
    moments = _moments(tmp_path, archive, prepare)
    assert len(moments) >= 5
    for number, name in enumerate(moments):
        for after in (False, True):
            rig = Rig(tmp_path / f"{number}-{after}", archive)
            prepare(rig)
            rig.life.done.clear()
            rig.life.at, rig.life.after = number, after
            rig.killed()
            where = f"{'after' if after else 'before'} {name}"
            assert any(is_whole(rig.root, version) for version in (OLD, NEW)), where
            assert contents(rig.work) == rig.before, where
            if rig.book.record.step not in UNDER_WAY:  # it was all but over: only the last start may be missing
                assert rig.slot.here() == ends, where
                continue
            if rig.agent.running is None:  # somebody starts the program, which finds that this was not finished
                rig.agent.running = rig.slot.here()
                if rig.agent.running in rig.agent.broken_versions:
                    rig.agent.running = None
            rig.run()
            record = rig.holds(ends)
            assert (record.failure is None) == (ends == NEW or prepare is _goes_back), where


# --- the volunteer's way back --------------------------------------------------------------------------------------------


def test_back_to_the_version_before(rig: Rig) -> None:
    rig.run()
    begin_return(rig.book, rig.slot, Kind.TAR)
    with pytest.raises(UpdateBusy):
        begin_return(rig.book, rig.slot, Kind.TAR)
    rig.run()
    record = rig.holds(OLD)
    assert (record.skipped, record.previous, record.offer, record.failure) == (NEW, "", None, None)
    with pytest.raises(NoWayBack):
        begin_return(rig.book, rig.slot, Kind.TAR)


def test_a_version_before_that_does_not_work_any_more(rig: Rig) -> None:
    rig.run()
    begin_return(rig.book, rig.slot, Kind.TAR)
    rig.agent.broken_versions = {OLD}
    rig.run()
    rig.holds(NEW)


def test_a_way_back_that_can_not_be_made_ready(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.run()
    begin_return(rig.book, rig.slot, Kind.TAR)
    monkeypatch.setattr(Trees, "stage_kept", lambda _slot: outcome(Record(failure=failed(NoWayBack(reason="gone")))))
    assert rig.run().step is Step.IDLE
    rig.holds(NEW)


def test_nothing_is_ready(rig: Rig) -> None:
    rig.run()
    with pytest.raises(NothingNewer):
        begin(rig.book, rig.slot)


def test_one_at_a_time(rig: Rig) -> None:
    with rig.book.held(), pytest.raises(UpdateBusy):
        rig.run()
    assert rig.book.is_free
    with rig.book.held():
        assert not rig.book.is_free


def test_each_kind_has_its_slot(tmp_path: Path) -> None:
    book = Book(tmp_path)
    made = {kind: type(slot_of(Installation(kind=kind, platform=PLATFORM, version=OLD, root=tmp_path / "t4t"), book)) for kind in Kind if kind.in_place}
    assert made == {Kind.TAR: Trees, Kind.APP: Trees, Kind.SETUP: Setups}
