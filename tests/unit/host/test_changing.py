"""From plan to done: downloads from a loopback server with the official layout, publishers, commands that are really run."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.file_server import FileServer, Raw, Request, Serve, Status, head
from t4t.domain.changes import DOWNLOAD, MOUNT, Change, Command, Fetch, Plan, What
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.facts import Architecture, Computer, System, certain
from t4t.domain.install_errors import AdministratorRefused, InstallerBusy, LayoutStrange, PublisherWrong, StepFailed
from t4t.domain.project_errors import FileWrongChecksum, ReplyTooLarge, RequestRefused, Unreachable
from t4t.domain.virtualbox_install import ORACLE, Purpose, Scene, plan
from t4t.domain.virtualbox_release import BASE, KEY, Release
from t4t.host.changing import Executor, Official, Publisher
from t4t.host.clock import RealClock
from t4t.host.elevation import PosixRunner, Said, Surroundings, script
from t4t.transfer import download
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Sequence

    from support.file_server import Answer
    from t4t.host import elevation

INSTALLER = b"MZ installer " * 240_000
NAME = "VirtualBox-7.2.20-175154-Win.exe"
IMAGE = "VirtualBox-7.2.20-175154-OSX.dmg"
DIGEST = hashlib.sha256(INSTALLER).hexdigest()
KEYS = Path(__file__).resolve().parents[2] / "fixtures" / "openpgp"
KEY_ONE, KEY_TWO = sorted(KEYS.glob("*.asc"))
ROOT = Surroundings(root=True, terminal=False, programs={}, screen=False)


@dataclass
class Layout:
    """The official place: LATEST-STABLE.TXT, SHA256SUMS, files. ``instead`` answers for a path in another way."""

    instead: dict[str, Answer] = field(default_factory=dict)
    digest: str = DIGEST
    key: bytes = KEY_ONE.read_bytes()

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        path = request.target.removeprefix("/virtualbox/")
        sums = f"{self.digest} *{NAME}\n{self.digest} *{IMAGE}\n{'0' * 64} *Oracle_VirtualBox_Extension_Pack-7.2.20.vbox-extpack\n".encode()
        files = {"LATEST-STABLE.TXT": b"7.2.20\n", "7.2.20/SHA256SUMS": sums, f"7.2.20/{NAME}": INSTALLER, f"7.2.20/{IMAGE}": INSTALLER, "key.asc": self.key}
        answer = self.instead.get(path) or (Serve(files[path]) if path in files else Status(404))
        await answer(request, out)


@dataclass
class Runner:
    """Notes what would be run, and answers as planned."""

    said: list[Said] = field(default_factory=list)
    ran: list[tuple[str, tuple[tuple[str, ...], ...]]] = field(default_factory=list)
    looks: list[bytes] = field(default_factory=list)

    async def plain(self, command: Command) -> Said:
        return self._note("plain", (command,))

    async def elevated(self, commands: Sequence[Command]) -> Said:
        return self._note("elevated", commands)

    def shown(self, commands: Sequence[Command]) -> str:
        return script(commands)

    def _note(self, how: str, commands: Sequence[Command]) -> Said:
        self.ran.append((how, tuple(command.words for command in commands)))
        program = Path(commands[0].words[0].replace("\\", "/"))
        if program.is_file():
            self.looks.append(program.read_bytes())
        return self.said.pop(0) if self.said else Said(0)


@dataclass
class Signed:
    """A publisher's register."""

    by: str = ORACLE
    asked: list[str] = field(default_factory=list)

    def signer(self, file: Path) -> str:
        self.asked.append(file.name.rpartition("\\")[2])
        return self.by


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=5, exchange=5))
    yield http
    await http.close()


def windows() -> Scene:
    computer = Computer(system=System.WINDOWS, architecture=certain(Architecture.X86_64, "test"))
    return Scene(computer=computer, oldest="7.0.0")


def executor(http: Http, server: FileServer, folder: Path, runner: elevation.Runner, publisher: Publisher) -> Executor:
    def moved(address: str) -> str:
        return address.replace(BASE, f"{server.url}/virtualbox").replace(KEY, f"{server.url}/virtualbox/key.asc")

    return Executor(http=http, rate=Rate(RealClock()), folder=folder, runner=runner, publisher=publisher, moved=moved)


async def install(http: Http, server: FileServer, folder: Path, runner: Runner, publisher: Signed) -> bool:
    """The whole way on Windows: what is offered, the plan, its execution. The path has the file's name after a slash here."""
    release = await Official(http, f"{server.url}/virtualbox").release()
    made = plan(Scene(computer=windows().computer, oldest="7.0.0", release=release), Purpose.INSTALL)
    return await executor(http, server, folder, runner, publisher).carry_out(_slashes(made), lambda _one, _bytes: None)


def _slashes(made: Plan) -> Plan:
    """The plan for Windows with paths as this system has them."""

    def word(text: str) -> str:
        return text.replace(f"{DOWNLOAD}\\", f"{DOWNLOAD}/")

    changes = tuple(
        Change(
            what=one.what,
            commands=tuple(
                Command(words=tuple(map(word, c.words)), done=c.done, restart=c.restart, refused=c.refused, busy=c.busy, may_fail=c.may_fail)
                for c in one.commands
            ),
            elevated=one.elevated,
            genuine=(word(one.genuine[0]), one.genuine[1]),
        )
        for one in made.changes
    )
    return Plan(changes=changes, undo=made.undo, notes=made.notes, fetch=made.fetch)


async def test_the_whole_way(http: Http, tmp_path: Path) -> None:
    runner, publisher = Runner(), Signed()
    async with FileServer([Layout()]) as server:
        assert await install(http, server, tmp_path / "d", runner, publisher) is False
    (how, (words,)) = runner.ran[0]
    assert how == "elevated"
    assert words[0] == str(tmp_path / "d" / NAME)
    assert words[1] == "--silent"
    assert "ADDLOCAL" in words
    assert runner.looks == [INSTALLER]
    assert publisher.asked == [NAME]
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(("status", "restart"), [(0, False), (3010, True), (1641, True)])
async def test_a_restart_that_is_due_is_told(http: Http, tmp_path: Path, status: int, restart: bool) -> None:  # noqa: FBT001 - a parameter of the table
    async with FileServer([Layout()]) as server:
        assert await install(http, server, tmp_path / "d", Runner([Said(status)]), Signed()) is restart


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Said(1602), AdministratorRefused),
        (Said(1223), AdministratorRefused),
        (Said(5, refused=True), AdministratorRefused),
        (Said(1618), InstallerBusy),
        (Said(1603, "fatal"), StepFailed),
    ],
)
async def test_ends_of_the_installer(http: Http, tmp_path: Path, said: Said, error: type[Exception]) -> None:
    async with FileServer([Layout()]) as server:
        with pytest.raises(error):
            await install(http, server, tmp_path / "d", Runner([said]), Signed())
    assert (tmp_path / "d" / NAME).is_file()  # the next try need not fetch it again


async def test_a_wrong_digest_is_never_run(http: Http, tmp_path: Path) -> None:
    runner = Runner()
    async with FileServer([Layout(digest="1" * 64)]) as server:
        with pytest.raises(FileWrongChecksum):
            await install(http, server, tmp_path / "d", runner, Signed())
    assert runner.ran == []
    assert not (tmp_path / "d" / NAME).exists()


@pytest.mark.parametrize("by", ["", "Oracle America, Inc", "Mallory Ltd."])
async def test_a_wrong_signer_is_never_run(http: Http, tmp_path: Path, by: str) -> None:
    runner = Runner()
    async with FileServer([Layout()]) as server:
        with pytest.raises(PublisherWrong) as caught:
            await install(http, server, tmp_path / "d", runner, Signed(by))
    assert (caught.value.expected, caught.value.found) == (ORACLE, by)
    assert runner.ran == []
    assert not (tmp_path / "d" / NAME).exists()


async def test_a_file_that_is_cut_off_is_gone_on_with(http: Http, tmp_path: Path) -> None:
    """As often as something comes; then the next try takes it up where it stopped."""
    folder, runner = tmp_path / "d", Runner()
    async with FileServer([Layout(instead={f"7.2.20/{NAME}": Serve(INSTALLER, cut=400_000)})]) as server:
        with pytest.raises(Unreachable):
            await install(http, server, folder, runner, Signed())
        part = folder / f".{NAME}.part"
        assert 100_000 <= part.stat().st_size < len(INSTALLER)
        assert runner.ran == []
        asked = len(server.seen)
        server.answers[:] = [Layout()]
        await install(http, server, folder, runner, Signed())
        (again,) = [request for request in server.seen[asked:] if request.target.endswith(NAME)]
        assert again.offset >= 100_000
    assert runner.looks == [INSTALLER]


async def test_a_file_that_ends_too_early_is_wrong(http: Http, tmp_path: Path) -> None:
    async with FileServer([Layout(instead={f"7.2.20/{NAME}": Serve(INSTALLER[:-5])})]) as server:
        with pytest.raises(FileWrongChecksum):
            await install(http, server, tmp_path / "d", Runner(), Signed())


async def test_the_server_is_down(http: Http, tmp_path: Path) -> None:
    async with FileServer([Layout()]) as server:
        pass
    with pytest.raises(Unreachable):
        await install(http, server, tmp_path / "d", Runner(), Signed())


async def test_the_disk_is_full(http: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    monkeypatch.setattr(download, "_RESERVE_MIB", 1 << 40)
    async with FileServer([Layout()]) as server:
        with pytest.raises(NotEnoughDisk):
            await install(http, server, tmp_path / "d", runner, Signed())
    assert runner.ran == []


@pytest.mark.parametrize(
    ("path", "answer", "error"),
    [
        ("LATEST-STABLE.TXT", Serve(b"<html>7.2.20"), LayoutStrange),
        ("LATEST-STABLE.TXT", Serve(b"7.2.20\n" * 1000), ReplyTooLarge),
        ("LATEST-STABLE.TXT", Status(404), RequestRefused),
        ("7.2.20/SHA256SUMS", Serve(b"nothing"), LayoutStrange),
        ("7.2.20/SHA256SUMS", Serve(b"\xff\xfe"), LayoutStrange),
        ("7.2.20/SHA256SUMS", Serve(f"{DIGEST} *{IMAGE}\n".encode()), LayoutStrange),
        (f"7.2.20/{NAME}", Status(404), RequestRefused),
        (f"7.2.20/{NAME}", Raw(head(200, Content_Length=3) + b"abc"), FileWrongChecksum),
    ],
)
async def test_a_strange_place(http: Http, tmp_path: Path, path: str, answer: Answer, error: type[Exception]) -> None:
    runner = Runner()
    async with FileServer([Layout(instead={path: answer})]) as server:
        with pytest.raises(error):
            await install(http, server, tmp_path / "d", runner, Signed())
    assert runner.ran == []


async def test_a_disk_image_is_closed_whatever_happens(http: Http, tmp_path: Path) -> None:
    computer = Computer(system=System.MACOS, architecture=certain(Architecture.X86_64, "test"))
    release = Release("7.2.20", {IMAGE: DIGEST})
    made = plan(Scene(computer=computer, oldest="7.0.0", release=release), Purpose.INSTALL)
    for by, steps in ((ORACLE, ["attach", "installer", "detach"]), ("Mallory", ["attach", "detach"])):
        runner = Runner()
        async with FileServer([Layout()]) as server:
            doing = executor(http, server, tmp_path / "d", runner, Signed(by)).carry_out(made, lambda _one, _bytes: None)
            if by == ORACLE:
                assert await doing is False
            else:
                with pytest.raises(PublisherWrong):
                    await doing
        assert [next(word for word in words if word in {"attach", "installer", "detach"}) for _, (words,) in runner.ran] == steps
        mount = runner.ran[-1][1][0][-1]
        assert MOUNT not in mount
        assert mount not in {str(one) for one in Path(mount).parent.iterdir()}


async def test_after_a_failure_nothing_but_the_closing_is_done(http: Http, tmp_path: Path) -> None:
    steps = (Change(what=What.OPEN_IMAGE, commands=(Command(words=("a",)),)), Change(what=What.START, commands=(Command(words=("b",)),)))
    closing = Change(what=What.CLOSE_IMAGE, commands=(Command(words=("c",)),), always=True)
    runner = Runner([Said(1, "no"), Said(2)])
    async with FileServer([Layout()]) as server:
        with pytest.raises(StepFailed) as caught:
            await executor(http, server, tmp_path / "d", runner, Signed()).carry_out(Plan(changes=(*steps, closing)), lambda _one, _bytes: None)
    assert (caught.value.status, caught.value.detail) == (1, "no")
    assert [words for _, (words,) in runner.ran] == [("a",), ("c",)]


async def test_a_key_is_taken_only_if_it_is_the_one(http: Http, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    fetch = Fetch(name="key.asc", address=KEY, fingerprint=KEY_ONE.stem)
    copy = Command(words=("cp", f"{DOWNLOAD}/key.asc", f"{DOWNLOAD}/list", str(tmp_path)))
    made = Plan(changes=(Change(what=What.ADD_REPOSITORY, commands=(copy,), elevated=True),), fetch=(fetch,), files=(("list", "deb x\n"),))
    for key in (KEY_TWO.read_bytes(), KEY_ONE.read_bytes() + KEY_TWO.read_bytes(), b"no key"):
        runner = Runner()
        async with FileServer([Layout(key=key)]) as server:
            with pytest.raises(PublisherWrong):
                await executor(http, server, folder, runner, Signed()).carry_out(made, lambda _one, _bytes: None)
        assert runner.ran == []
        assert not folder.exists()
    if sys.platform != "win32":
        async with FileServer([Layout()]) as server:
            await executor(http, server, folder, PosixRunner(ROOT, darwin=False), Signed()).carry_out(made, lambda _one, _bytes: None)
        assert (tmp_path / "key.asc").read_bytes() == KEY_ONE.read_bytes()
        assert (tmp_path / "list").read_text(encoding="utf-8") == "deb x\n"
