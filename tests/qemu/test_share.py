"""The host's half of the mirror: against the real guest's half over a line that breaks, and against hostile guests."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t4t.hypervisor.qemu.folder import HostFolder, is_device
from t4t.hypervisor.qemu.share import MAX_LINE, Limits, MirrorHost, is_plain_path
from t4t_guest.mirror import Mirror as GuestMirror

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("a", "b", "sub/c", "shutdown")
CONTENTS = (b"", b"one", b"two" * 30_000, bytes(range(256)) * 700)


class Pair:
    """Both engines with folders of their own and a clock that is moved by hand."""

    def __init__(self, top: Path) -> None:
        self.host_top, self.guest_top = top / "host", top / "guest"
        for folder in (self.host_top, self.guest_top):
            folder.mkdir()
        self.now = 0.0
        self.sessions = 0
        self.folder = HostFolder(self.host_top)
        self.folder.scan()
        self.host = MirrorHost(self.folder, self._session(), self.now)
        self.guest = GuestMirror(str(self.guest_top))

    def _session(self) -> str:
        self.sessions += 1
        return f"session-{self.sessions}"

    def step(self, lose: int = 0) -> bool:
        """A second passes; of what is said first, ``lose`` bytes are lost and the line is made anew."""
        self.now += 1.0
        self.folder.scan()
        self.guest.look()
        moved = False
        for _ in range(400):
            message = self.host.next_message(self.now)
            if message is not None:
                self.guest.receive(message[lose:])
                moved = True
            said = self.guest.pending()
            if said:
                piece = bytes(said[:5000])
                del said[:5000]
                self.host.receive(piece[lose:], self.now)
                moved = True
            if lose:
                self.cut()
                lose = 0
            if message is None and not said:
                break
        return moved

    def cut(self) -> None:
        """The connection breaks and is made anew."""
        self.folder.abort()
        self.host = MirrorHost(self.folder, self._session(), self.now)

    def settle(self) -> None:
        for _ in range(60):
            self.step()
            if self.files(self.host_top) == self.files(self.guest_top) and self.host.idle(self.now):
                return
        assert self.files(self.host_top) == self.files(self.guest_top)

    @staticmethod
    def files(top: Path) -> dict[str, bytes]:
        return {path.relative_to(top).as_posix(): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}

    def close(self) -> None:
        self.folder.close()
        # The guest's half keeps a file open while it sends; a hello lets go of it.
        self.guest.receive(b'{"t":"hello","session":"end","files":{},"more":true}\n')


@contextlib.contextmanager
def pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as top:
        made = Pair(Path(top))
        try:
            yield made
        finally:
            made.close()


def write(top: Path, name: str, content: bytes | None) -> None:
    path = top / name
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def test_files_go_both_ways() -> None:
    with pair() as both:
        write(both.host_top, "input", b"work")
        write(both.guest_top, "heartbeat", b"1\n")
        both.settle()
        assert Pair.files(both.host_top) == {"heartbeat": b"1\n", "input": b"work"}


def test_a_removal_goes_both_ways() -> None:
    with pair() as both:
        write(both.host_top, "a", b"1")
        write(both.host_top, "b", b"2")
        both.settle()
        write(both.host_top, "a", None)
        write(both.guest_top, "b", None)
        both.settle()
        assert Pair.files(both.guest_top) == {}


def test_the_guests_change_wins() -> None:
    with pair() as both:
        write(both.host_top, "a", b"old")
        both.settle()
        write(both.host_top, "a", b"of the host")
        write(both.guest_top, "a", b"of the guest")
        both.settle()
        assert Pair.files(both.host_top) == {"a": b"of the guest"}


def test_the_guests_first_version_wins_over_a_leftover_of_the_host() -> None:
    with pair() as both:
        write(both.host_top, "heartbeat", b"of the day before")
        write(both.guest_top, "heartbeat", b"today")
        both.settle()
        assert Pair.files(both.host_top) == {"heartbeat": b"today"}


def test_nothing_is_said_when_nothing_changes() -> None:
    with pair() as both:
        write(both.host_top, "a", b"1")
        both.settle()
        pings = 0
        for _ in range(30):
            both.now += 1
            while (message := both.host.next_message(both.now)) is not None:
                assert json.loads(message)["t"] == "ping"
                pings += 1
                both.guest.receive(message)
                both.host.receive(bytes(both.guest.pending()), both.now)
                both.guest.pending().clear()
        assert pings <= 6


changes = st.tuples(st.sampled_from(("host", "guest")), st.sampled_from(NAMES), st.sampled_from((*CONTENTS, None)))
actions = st.one_of(changes, st.just("step"), st.tuples(st.just("lose"), st.integers(1, 3000)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(actions, max_size=14))
def test_it_converges_over_a_line_that_breaks(script: list[Any]) -> None:
    with pair() as both:
        for action in script:
            if action == "step":
                both.step()
            elif action[0] == "lose":
                both.step(lose=action[1])
            else:
                side, name, content = action
                write(both.host_top if side == "host" else both.guest_top, name, content)
        both.cut()
        both.settle()


# --- hostile guests --------------------------------------------------------------------------------------------------


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(top: Path) -> Iterator[HostFolder]:
    made = HostFolder(top)
    made.scan()
    yield made
    made.close()


@pytest.fixture
def host(folder: HostFolder) -> MirrorHost:
    made = MirrorHost(folder, "S", 0.0, Limits(files=5, total_bytes=100_000))
    drain(made)
    say(made, t="welcome", files={})
    return made


def drain(host: MirrorHost, now: float = 0.0) -> list[dict[str, Any]]:
    lines = []
    while (message := host.next_message(now)) is not None:
        if message.strip():
            lines.append(json.loads(message))
    return lines


def say(host: MirrorHost, **message: Any) -> None:
    host.receive(json.dumps({"session": "S", **message}).encode() + b"\n", 0.0)


def put(host: MirrorHost, path: str, content: bytes, **changes: Any) -> list[dict[str, Any]]:
    message = {"t": "put", "path": path, "id": 1, "size": len(content), "hash": hashlib.sha256(content).hexdigest(), "offset": 0}
    say(host, **(message | {"data": base64.b64encode(content).decode()} | changes))
    return [answer for answer in drain(host) if answer["t"] == "ack"]


def test_a_plain_file_is_taken(host: MirrorHost, top: Path) -> None:
    assert put(host, "sub/deep/x.txt", b"text") == [{"t": "ack", "session": "S", "id": 1, "ok": True}]
    assert (top / "sub/deep/x.txt").read_bytes() == b"text"


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../b", "a//b", "", ".", "..", "a/.t4t-part-1", ".t4t-part-1", "x\n", "a\\b", "a:b", "1/2/3/4/5/6", "a" * 129, "é", "a/"]
)
def test_other_paths_are_ignored(host: MirrorHost, top: Path, path: str) -> None:
    assert not is_plain_path(path)
    assert put(host, path, b"x") == []
    say(host, t="del", path=path, id=9)
    assert drain(host) == []
    assert list(top.iterdir()) == []
    assert not (top.parent / "x").exists()


def test_links_are_not_followed(host: MirrorHost, folder: HostFolder, top: Path) -> None:
    outside = top.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (top / "link").symlink_to(outside)
    (top / "file").symlink_to(outside / "secret")
    folder.scan()
    assert folder.listing() == {}
    assert put(host, "link/new", b"x")[0]["ok"] is False
    assert not (outside / "new").exists()
    assert put(host, "file", b"x")[0]["ok"] is True
    assert (outside / "secret").read_text() == "secret"
    say(host, t="del", path="link/secret", id=3)
    assert (outside / "secret").exists()
    assert folder.open("link/secret") is None


def test_a_folder_out_of_reach_is_not_an_empty_folder(top: Path) -> None:
    (top / "a").write_text("1")
    folder = HostFolder(top)
    folder.scan()
    top.rename(top.with_name("elsewhere"))
    folder.scan()
    assert set(folder.listing()) == {"a"}


@pytest.mark.parametrize("path", ["NUL", "con.txt", "sub/COM1", "name."])
def test_devices_of_windows(path: str) -> None:
    assert is_device(path, "win32")
    assert not is_device(path, "linux")
    assert not is_device("console.log", "win32")


@pytest.mark.parametrize(
    "changes",
    [
        {"hash": "0" * 64},
        {"hash": "short"},
        {"size": 300 << 20},
        {"size": -1},
        {"size": 99},
        {"size": 2},
        {"data": "!!!"},
        {"data": ""},
        {"data": None},
        {"data": base64.b64encode(bytes(40_000)).decode(), "size": 40_000},
    ],
)
def test_a_wrong_put_leaves_nothing(host: MirrorHost, top: Path, changes: dict[str, Any]) -> None:
    answers = put(host, "x", b"four", **changes)
    if changes.get("size") == 99:
        assert answers == []
        answers = put(host, "x", b"four", size=99, offset=50)
    assert [answer["ok"] for answer in answers] == [False]
    assert list(top.iterdir()) == []


def test_the_folder_can_not_be_flooded(host: MirrorHost, folder: HostFolder, top: Path) -> None:
    for number in range(9):
        put(host, f"file{number}", b"x")
    assert len(list(top.iterdir())) == 5
    for number in range(9):
        put(host, f"file{number % 5}", bytes(30_000))
        folder.scan()
    assert sum(path.stat().st_size for path in top.iterdir()) <= 100_000


def test_nonsense_is_ignored_and_memory_stays_bounded(host: MirrorHost) -> None:
    for junk in (b"\0\xff\n", b"[]\n", b"{}\n", b'{"t":1}\n', b'{"t":"put","session":"S"}\n', b"[" * 60_000 + b"\n", b'{"t":"ack","session":"S","id":{}}\n'):
        host.receive(junk, 0.0)
    for _ in range(50):
        host.receive(b"x" * 50_000, 0.0)
        assert len(host._lines.buffer) <= MAX_LINE
    host.receive(b"\n", 0.0)
    assert put(host, "after", b"ok")[0]["ok"] is True


def test_a_flood_of_questions_stops_the_reading(host: MirrorHost) -> None:
    for number in range(400):
        say(host, t="del", path="x", id=number)
    assert host.congested
    drain(host)
    assert not host.congested


def test_another_session_is_ignored(host: MirrorHost, top: Path) -> None:
    assert put(host, "x", b"x", session="T") == []
    assert list(top.iterdir()) == []


def test_a_listing_of_lies_is_bounded(folder: HostFolder) -> None:
    host = MirrorHost(folder, "S", 0.0, Limits(files=5))
    drain(host)
    say(host, t="welcome", files={f"f{number}": "0" * 64 for number in range(500)} | {"../x": "0" * 64, "bad": "hash"})
    assert len(host._guest) == 5


@given(st.lists(st.binary(max_size=200), max_size=20))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as top:
        folder = HostFolder(Path(top))
        host = MirrorHost(folder, "S", 0.0)
        for piece in pieces:
            host.receive(piece, 0.0)
        folder.close()
        assert list(Path(top).iterdir()) == []
