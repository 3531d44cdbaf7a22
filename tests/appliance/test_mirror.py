"""The guest's mirror against a host that follows the specification, over a line that may break at any byte."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from t4t_guest.folder import Folder, is_plain_path
from t4t_guest.mirror import Mirror
from t4t_guest.transfers import PART_BYTES
from t4t_guest.wire import MAX_LINE, LineReader, encode, listing_messages, read_listing

Message = dict[str, object]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Host:
    """A plain host: its folder is a dict, its answers follow the specification, and it keeps what the guest's listing says."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.session = ""
        self.guest: dict[str, str] | None = None
        self.output = b""
        self.order: list[str] = []
        self._listing: dict[str, str] = {}
        self._parts: dict[int, bytes] = {}
        self._sent: tuple[int, str, bytes | None] | None = None
        self._number = 0
        self._buffer = b""

    def hello(self, session: str) -> None:
        """Begin a session as after a new connection: nothing of the one before is kept."""
        self.session, self.guest, self._listing, self._parts, self._sent = session, None, {}, {}, None
        self._buffer = self.output = b""
        for message in listing_messages("hello", session, {path: digest(content) for path, content in self.files.items()}):
            self.say(message)

    def say(self, message: Message) -> None:
        self.output += json.dumps(message, separators=(",", ":")).encode() + b"\n"

    def hear(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            assert len(line) < MAX_LINE
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if message["session"] == self.session:
                self._take(message)
        self._push()

    def _take(self, message: Message) -> None:
        kind, path, number = message["t"], message.get("path"), message.get("id")
        if kind in {"welcome", "files"}:
            self._listing.update(read_listing(message))
            if not message["more"]:
                self.guest = dict(self._listing)
        elif kind == "put":
            assert isinstance(path, str)
            assert isinstance(number, int)
            content = self._parts.get(number, b"")
            assert message["offset"] == len(content)
            part = base64.b64decode(str(message["data"]))
            assert len(part) <= PART_BYTES
            content += part
            self._parts[number] = content
            if len(content) == message["size"]:
                right = digest(content) == message["hash"]
                if right:
                    self._keep(path, content)
                self.say({"t": "ack", "session": self.session, "id": number, "ok": right})
        elif kind == "del":
            assert isinstance(path, str)
            self._keep(path, None)
            self.say({"t": "ack", "session": self.session, "id": number, "ok": True})
        elif kind == "ack" and self._sent is not None and number == self._sent[0]:
            _, sent_path, content_sent = self._sent
            self._sent = None
            if message["ok"]:
                self._note(sent_path, content_sent)

    def _keep(self, path: str, content: bytes | None) -> None:
        self.order.append(path)
        if content is None:
            self.files.pop(path, None)
        else:
            self.files[path] = content
        self._note(path, content)

    def _note(self, path: str, content: bytes | None) -> None:
        assert self.guest is not None
        if content is None:
            self.guest.pop(path, None)
        else:
            self.guest[path] = digest(content)

    def _push(self) -> None:
        if self.guest is None or self._sent is not None:
            return
        for path in sorted(self.files.keys() | self.guest.keys()):
            content = self.files.get(path)
            if content is not None and digest(content) == self.guest.get(path):
                continue
            self._number += 1
            self._sent = (self._number, path, content)
            head = {"session": self.session, "path": path, "id": self._number}
            if content is None:
                self.say({"t": "del", **head})
                return
            for offset in range(0, max(1, len(content)), PART_BYTES):
                data = base64.b64encode(content[offset : offset + PART_BYTES]).decode()
                self.say({"t": "put", **head, "size": len(content), "hash": digest(content), "offset": offset, "data": data})
            return


class Pair:
    """A guest's mirror on a folder, a host, and the line between them."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.mirror = Mirror(str(top))
        self.host = Host()
        self._sessions = 0

    def connect(self) -> None:
        self._sessions += 1
        self.host.hello(f"s{self._sessions}")

    def carry(self, most: int = 1 << 30) -> int:
        """Carry at most so many bytes in each direction; how many went."""
        down, self.host.output = self.host.output[:most], self.host.output[most:]
        self.mirror.receive(down)
        pending = self.mirror.pending()
        up = bytes(pending[:most])
        del pending[:most]
        self.host.hear(up)
        return len(down) + len(up)

    def settle(self) -> None:
        """Carry and look until nothing moves any more."""
        for _ in range(300):
            self.mirror.look()
            if not self.carry() and not self.host.output and not self.mirror.pending() and self.mirror.flushed:
                return
        raise AssertionError("the mirror does not come to rest")

    def guest_files(self) -> dict[str, bytes]:
        return {path.relative_to(self.top).as_posix(): path.read_bytes() for path in self.top.rglob("*") if path.is_file()}

    def write(self, path: str, content: bytes) -> None:
        """Write in the guest as its programs do, by rename: a new inode shows the change however short the time."""
        target = self.top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.parent / ".t4t-part-test"
        part.write_bytes(content)
        part.rename(target)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_files_of_both_sides_meet(pair: Pair) -> None:
    pair.host.files = {"input": b"job\n", "empty": b"", "a/b/c/d/deep": b"x", "large": bytes(range(256)) * 1000}
    pair.write("heartbeat", b"1 1\n")
    pair.connect()
    pair.settle()
    assert pair.mirror.settled
    assert pair.guest_files() == pair.host.files
    assert pair.host.files["heartbeat"] == b"1 1\n"


def test_the_completion_file_comes_last(pair: Pair) -> None:
    pair.connect()
    for name in ("shutdown", "zzz", "output.tgz", "a"):
        pair.write(name, name.encode())
    pair.settle()
    assert pair.host.order[-1] == "shutdown"


def test_later_changes_travel_both_ways(pair: Pair) -> None:
    pair.connect()
    pair.settle()
    pair.write("progress", b"0.5\n")
    pair.host.files["input"] = b"one"
    pair.settle()
    pair.host.files["input"] = b"two"
    (pair.top / "progress").unlink()
    pair.settle()
    assert pair.guest_files() == pair.host.files == {"input": b"two"}
    del pair.host.files["input"]
    pair.settle()
    assert pair.guest_files() == {}


def test_the_guest_wins_where_both_changed(pair: Pair) -> None:
    pair.host.files = {"x": b"old"}
    pair.connect()
    pair.settle()
    pair.host.files["x"] = b"host's"
    pair.write("x", b"guest's")
    pair.settle()
    assert pair.guest_files() == pair.host.files == {"x": b"guest's"}


def test_the_host_wins_where_the_guest_changed_nothing(pair: Pair) -> None:
    pair.write("x", b"agreed")
    pair.connect()
    pair.settle()
    pair.host.files = {"x": b"restored"}
    pair.connect()
    pair.settle()
    assert pair.guest_files() == {"x": b"restored"}


def test_a_change_made_while_the_line_was_down_arrives(pair: Pair) -> None:
    pair.connect()
    pair.settle()
    pair.write("output.tgz", b"result")
    pair.mirror.look()
    pair.mirror.pending().clear()
    assert not pair.mirror.flushed
    pair.connect()
    pair.settle()
    assert pair.host.files == {"output.tgz": b"result"}


def test_a_refused_file_is_offered_again(pair: Pair) -> None:
    pair.write("x", b"1")
    pair.connect()
    pair.carry()
    session = pair.host.session
    pair.mirror.pending().clear()
    pair.mirror.receive(encode({"t": "ack", "session": session, "id": 1, "ok": False}))
    assert not pair.mirror.flushed
    pair.settle()
    assert pair.host.files == {"x": b"1"}


def test_a_large_listing_comes_in_parts(pair: Pair) -> None:
    pair.host.files = {f"d/{'n' * 90}{number}": b"h" for number in range(400)}
    for number in range(380):
        pair.write(f"g/{'m' * 90}{number}", b"g")
    pair.connect()
    pair.mirror.look()
    while pair.carry():
        pass
    pair.settle()
    assert len(pair.host.files) == 780
    assert pair.guest_files() == pair.host.files


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a//b", "", ".", "a/../b", "a/b/c/d/e/f", ".t4t-part-1", "x" * 129, "ä", "a b", "a\n", "a\0", None, 5, ["x"]]
)
def test_other_paths_are_ignored(pair: Pair, path: object) -> None:
    pair.connect()
    pair.settle()
    assert not is_plain_path(path)
    head = {"session": pair.host.session, "path": path, "id": 77}
    pair.mirror.receive(encode({"t": "put", **head, "size": 1, "hash": digest(b"x"), "offset": 0, "data": "eA=="}))
    pair.mirror.receive(encode({"t": "del", **head}))
    assert bytes(pair.mirror.pending()) == b""
    assert pair.guest_files() == {}


@pytest.mark.parametrize(
    "change",
    [
        {"hash": digest(b"y")},
        {"hash": 5},
        {"size": 2**40},
        {"size": -1},
        {"size": "1"},
        {"size": 0},
        {"offset": 1},
        {"data": "e"},
        {"data": "é"},
        {"data": 5},
        {"data": "eHh4"},
    ],
)
def test_wrong_transfers_are_refused_and_leave_nothing(pair: Pair, change: Message) -> None:
    pair.connect()
    pair.settle()
    message = {"t": "put", "session": pair.host.session, "path": "x", "id": 9, "size": 1, "hash": digest(b"x"), "offset": 0, "data": "eA=="}
    pair.mirror.receive(encode(message | change))
    assert json.loads(bytes(pair.mirror.pending())) == {"t": "ack", "session": pair.host.session, "id": 9, "ok": False}
    assert list(pair.top.iterdir()) == []


def test_messages_of_another_session_are_ignored(pair: Pair) -> None:
    pair.connect()
    pair.settle()
    pair.mirror.receive(encode({"t": "ping", "session": "other"}))
    assert bytes(pair.mirror.pending()) == b""
    pair.mirror.receive(encode({"t": "ping", "session": pair.host.session}))
    assert json.loads(bytes(pair.mirror.pending())) == {"t": "pong", "session": pair.host.session}


def test_links_and_part_files_are_never_listed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"1")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / ".t4t-part-3").write_bytes(b"2")
    assert Folder(str(tmp_path)).listing() == {"real": digest(b"1")}


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"1")
    folder = Folder(str(tmp_path))
    first = folder.listing()
    monkeypatch.setattr("t4t_guest.folder.hash_stream", lambda _descriptor: pytest.fail("read again"))
    assert folder.listing() == first


@given(st.lists(st.binary(max_size=200), max_size=10))
@example([b'{"t":"hello"}\n', b'{"t":"hello","session":[]}\n', b"[" * 60_000 + b"\n"])
@example([b'{"t":"hello","session":"a","files":{"x":5,"../y":"z"}}\n', b'{"t":"put","session":"a"}\n{"t":"ack","session":"a"}\n{"t":"del","session":"a"}\n'])
def test_no_bytes_upset_the_mirror(pieces: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mirror = Mirror(folder)
        for piece in pieces:
            mirror.receive(piece)
            mirror.look()
        assert list(Path(folder).iterdir()) == []


def test_an_endless_line_is_skipped() -> None:
    reader = LineReader()
    assert reader.feed(b"x" * MAX_LINE) == []
    assert reader.feed(b"y" * MAX_LINE + b'\n{"t":"ping"}\n') == [{"t": "ping"}]


NAMES = st.sampled_from(["input", "output.tgz", "a/b", "a/c", "shutdown"])
CONTENTS = st.one_of(st.binary(max_size=30), st.sampled_from([b"", bytes(PART_BYTES), bytes(PART_BYTES + 1), b"q" * 3 * PART_BYTES]))
STEPS = st.one_of(
    st.tuples(st.just("carry"), st.integers(1, 90_000)),
    st.tuples(st.just("guest"), st.tuples(NAMES, st.none() | CONTENTS)),
    st.tuples(st.just("host"), st.tuples(NAMES, st.none() | CONTENTS)),
    st.tuples(st.just("break"), st.booleans()),
    st.tuples(st.just("look"), st.none()),
)


def change(pair: Pair, side: str, path: str, content: bytes | None) -> None:
    if side == "host":
        pair.host.files.pop(path, None)
        if content is not None:
            pair.host.files[path] = content
    elif content is None:
        (pair.top / path).unlink(missing_ok=True)
    else:
        pair.write(path, content)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=25))
@example([("guest", ("input", b"")), ("carry", 283), ("host", ("input", b"\0")), ("guest", ("input", b""))])
@example([("guest", ("input", b"")), ("carry", 283), ("host", ("input", None)), ("guest", ("input", b""))])
def test_whatever_happens_both_sides_end_up_the_same(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(Path(folder))
        pair.connect()
        last_by_guest: dict[str, bytes | None] = {}
        known: set[tuple[str, bytes | None]] = set()
        for kind, value in steps:
            if kind == "carry":
                assert isinstance(value, int)
                pair.carry(value)
            elif kind == "look":
                pair.mirror.look()
            elif kind == "break":
                if value:
                    pair.mirror.pending().clear()
                pair.connect()
            else:
                assert isinstance(value, tuple)
                path, content = value
                change(pair, kind, path, content)
                last_by_guest.pop(path, None)
                # writing again what both sides have seen before is no change, and nobody can tell it from one
                if kind == "guest" and content is not None and (path, content) not in known:
                    last_by_guest[path] = content
                known.add((path, content))
        pair.settle()
        here = pair.guest_files()
        assert here == pair.host.files
        assert not [path for path in here if ".t4t-part-" in path]
        # What the guest wrote last, and the host did not touch afterwards, is never lost.
        for path, content in last_by_guest.items():
            assert here[path] == content
