"""The host's side of the mirror of ``/shared`` (docs/guest-interface.md, section 4): a protocol engine without input or output of its own.

Bytes of the guest go into `receive`, messages for it come out of `next_message`; the folder is behind the `Folder` protocol. The guest may be hostile:
whatever it sends, memory stays bounded and only plain files with plain names inside the folder are touched.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LINE: Final = 65_536
PART_BYTES: Final = 32_768
MAX_FILE_BYTES: Final = 256 << 20
PART_PREFIX: Final = ".t4t-part-"
_PATH: Final = re.compile(r"[A-Za-z0-9._-]{1,128}(/[A-Za-z0-9._-]{1,128}){0,4}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LISTING_BYTES: Final = 60_000
_MOST_CONTROL, _LAST = 256, "shutdown"


@record
class Limits:
    """What a guest may fill the folder with, and the engine's patience in seconds."""

    files: int = 4096
    total_bytes: int = 2 << 30
    quiet: float = 2.0
    """How long the guest must have sent nothing before the host's version of a file replaces one that was never agreed."""
    retry: float = 3.0
    ping: float = 5.0
    silence: float = 20.0


class Folder(Protocol):
    """The host's folder."""

    def listing(self) -> Mapping[str, str]:
        """Path to hash of all files, as of the last look."""
        ...

    def total_bytes(self) -> int:
        """Size of all files, as of the last look."""
        ...

    def open(self, path: str) -> int | None:
        """Begin to read a file: its size, None if it is gone."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """A part of the file that was opened; less if it was cut short."""
        ...

    def begin(self, path: str, number: int) -> bool:
        """Begin to write a file under a temporary name."""
        ...

    def append(self, data: bytes) -> bool:
        """Write the next part of it."""
        ...

    def finish(self, expected: str) -> bool:
        """Put it in place if its hash is the expected one."""
        ...

    def abort(self) -> None:
        """Forget what was begun to be written."""
        ...

    def remove(self, path: str) -> bool:
        """Remove a file; true also if there is none."""
        ...


class Message(msgspec.Struct, omit_defaults=True):
    """Any message; fields that it does not have keep their defaults."""

    t: str
    session: str
    files: dict[str, str] = {}
    more: bool = False
    path: str = ""
    id: int = 0
    size: int = -1
    hash: str = ""
    offset: int = -1
    data: str | None = None
    ok: bool | None = None


_decoder: Final = msgspec.json.Decoder(Message)


def is_plain_path(path: str) -> bool:
    """Whether the path may pass the mirror."""
    if _PATH.fullmatch(path) is None:
        return False
    return not any(part in {".", ".."} or part.startswith(PART_PREFIX) for part in path.split("/"))


@dataclass(slots=True)
class _Outgoing:
    number: int
    path: str
    hash: str | None
    size: int = 0
    offset: int = 0
    sent: bool = False


@dataclass(slots=True)
class _Incoming:
    number: int
    path: str
    size: int
    hash: str
    received: int = 0


@dataclass(slots=True)
class _Lines:
    """Cuts a stream into lines; those that are too long are left out."""

    buffer: bytearray = field(default_factory=bytearray)
    skipping: bool = False

    def feed(self, data: bytes) -> list[bytes]:
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            if not self.skipping and len(self.buffer) + len(end) < MAX_LINE:
                lines.append(bytes(self.buffer) + end)
            self.buffer.clear()
            self.skipping = False
        if len(self.buffer) + len(rest) >= MAX_LINE:
            self.buffer.clear()
            self.skipping = True
        elif not self.skipping:
            self.buffer += rest
        return lines


class MirrorHost:
    """One connection's engine. Time comes in as an argument (seconds of any monotonic clock)."""

    def __init__(self, folder: Folder, session: str, now: float, limits: Limits | None = None) -> None:
        """Begin a session: the first messages are the ``hello``."""
        self._folder = folder
        self._limits = limits or Limits()
        self._lines = _Lines()
        self._control: deque[bytes] = deque()
        self._agreed: dict[str, str] = {}
        self._number = 0
        self._begin(session, now)

    def _begin(self, session: str, now: float) -> None:
        self.session = session
        self._welcomed = False
        self._guest: dict[str, str] = {}
        self._outgoing: _Outgoing | None = None
        self._incoming: _Incoming | None = None
        self._folder.abort()
        self._refused: dict[str, float] = {}
        self._heard = self._worked = self._pinged = now
        self._control.clear()
        self._control.append(b"\n")
        self._control.extend(self._hello())

    def restart(self, session: str, now: float) -> None:
        """Begin another session: the guest was restored, started anew, or has been silent for long."""
        self._begin(session, now)

    @property
    def known(self) -> int:
        """How many files both sides were ever known to have the same."""
        return len(self._agreed)

    @property
    def congested(self) -> bool:
        """Too many answers wait for the guest to read them: read nothing more from it."""
        return len(self._control) > _MOST_CONTROL

    def silent(self, now: float) -> bool:
        """Whether the guest has not said anything for so long that a new session must be tried."""
        return now - self._heard > self._limits.silence

    def idle(self, now: float) -> bool:
        """Nothing is under way and nothing is to be sent."""
        return self._welcomed and not self._control and self._outgoing is None and self._incoming is None and self._next_path(now) is None

    # --- from the guest ----------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the guest."""
        for line in self._lines.feed(data):
            try:
                message = _decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            if message.session == self.session:
                self._heard = now
                self._handle(message, now)

    def _handle(self, message: Message, now: float) -> None:
        match message.t:
            case "welcome":
                self._guest.clear()
                self._welcomed = False
                self._listing(message, now)
            case "files" if not self._welcomed:
                self._listing(message, now)
            case "put" if is_plain_path(message.path):
                self._worked = now
                self._put(message)
            case "del" if is_plain_path(message.path):
                self._worked = now
                self._del(message)
            case "ack":
                self._ack(message, now)
            case _:
                return

    def _listing(self, message: Message, now: float) -> None:
        for path, digest in message.files.items():
            if is_plain_path(path) and _HASH.fullmatch(digest) and len(self._guest) < self._limits.files:
                self._guest[path] = digest
        if not message.more:
            self._welcomed = True
            self._worked = now
            for path, digest in self._folder.listing().items():
                if self._guest.get(path) == digest:
                    self._agreed[path] = digest

    def _answer(self, number: int, *, ok: bool) -> None:
        self._send(Message(t="ack", session=self.session, id=number, ok=ok))

    def _send(self, message: Message) -> None:
        self._control.append(msgspec.json.encode(message) + b"\n")

    def _put(self, message: Message) -> None:
        if message.offset == 0 and not self._begin_incoming(message):
            self._answer(message.id, ok=False)
            return
        current = self._incoming
        if current is None or current.number != message.id:
            return
        data = _content(message.data)
        fits = (
            data is not None
            and (message.path, message.size, message.hash, message.offset) == (current.path, current.size, current.hash, current.received)
            and (len(data) > 0 or current.size == 0)
            and current.received + len(data) <= current.size
            and self._folder.append(data)
        )
        if not fits or data is None:
            self._drop_incoming()
            self._answer(message.id, ok=False)
            return
        current.received += len(data)
        if current.received == current.size:
            self._incoming = None
            done = self._folder.finish(current.hash)
            if done:
                self._agree(current.path, current.hash)
            self._answer(message.id, ok=done)

    def _begin_incoming(self, message: Message) -> bool:
        self._drop_incoming()
        there = self._folder.listing()
        if not 0 <= message.size <= MAX_FILE_BYTES or _HASH.fullmatch(message.hash) is None:
            return False
        if message.path not in there and len(there) >= self._limits.files:
            return False
        if self._folder.total_bytes() + message.size > self._limits.total_bytes or not self._folder.begin(message.path, message.id):
            return False
        self._incoming = _Incoming(message.id, message.path, message.size, message.hash)
        return True

    def _drop_incoming(self) -> None:
        if self._incoming is not None:
            self._folder.abort()
            self._incoming = None

    def _del(self, message: Message) -> None:
        done = self._folder.remove(message.path)
        if done:
            self._agree(message.path, None)
        self._answer(message.id, ok=done)

    def _ack(self, message: Message, now: float) -> None:
        current = self._outgoing
        if current is None or message.id != current.number or not current.sent:
            return
        self._outgoing = None
        if message.ok:
            self._agree(current.path, current.hash)
        else:
            self._refused[current.path] = now + self._limits.retry

    def _agree(self, path: str, digest: str | None) -> None:
        self._refused.pop(path, None)
        for table in (self._agreed, self._guest):
            if digest is None:
                table.pop(path, None)
            else:
                table[path] = digest

    # --- to the guest ------------------------------------------------------------------------------------------------

    def next_message(self, now: float) -> bytes | None:
        """The next line for the guest, made only when it can be sent; None if there is nothing to say."""
        if self._control:
            return self._control.popleft()
        if now - self._pinged > self._limits.ping and self._heard >= self._pinged:
            # One unanswered ping is enough: the VM may be paused for hours.
            self._pinged = now
            return msgspec.json.encode(Message(t="ping", session=self.session)) + b"\n"
        if not self._welcomed:
            return None
        if self._outgoing is None:
            self._offer(now)
        if self._outgoing is not None and not self._outgoing.sent:
            return self._part(self._outgoing)
        return None

    def _hello(self) -> list[bytes]:
        parts: list[dict[str, str]] = [{}]
        size = 0
        for path, digest in sorted(self._folder.listing().items()):
            cost = len(path) + len(digest) + 8
            if size + cost > _LISTING_BYTES:
                parts.append({})
                size = 0
            parts[-1][path] = digest
            size += cost
        last = len(parts) - 1
        return [
            msgspec.json.encode({"t": "files" if index else "hello", "session": self.session, "more": index < last, "files": part}) + b"\n"
            for index, part in enumerate(parts)
        ]

    def _next_path(self, now: float) -> str | None:
        """A file in which the guest must follow the host; one that was never agreed waits until the guest has had its say."""
        here = self._folder.listing()
        quiet = now - self._worked >= self._limits.quiet and self._incoming is None
        for path in sorted(here.keys() | self._guest.keys(), key=lambda p: (p == _LAST, p)):
            if here.get(path) == self._guest.get(path) or now < self._refused.get(path, now):
                continue
            if quiet or self._agreed.get(path) == self._guest.get(path):
                return path
        return None

    def _offer(self, now: float) -> None:
        path = self._next_path(now)
        if path is None:
            return
        digest = self._folder.listing().get(path)
        self._number += 1
        if digest is None:
            self._outgoing = _Outgoing(self._number, path, None)
            return
        size = self._folder.open(path)
        if size is None or size > MAX_FILE_BYTES:
            self._refused[path] = now + self._limits.retry
            return
        self._outgoing = _Outgoing(self._number, path, digest, size)

    def _part(self, current: _Outgoing) -> bytes:
        head = {"session": self.session, "path": current.path, "id": current.number}
        if current.hash is None:
            current.sent = True
            return msgspec.json.encode({"t": "del", **head}) + b"\n"
        wanted = min(PART_BYTES, current.size - current.offset)
        # A file cut short meanwhile is filled up: its hash is wrong then, the guest refuses it, and the next look finds the new one.
        data = self._folder.read(current.offset, wanted).ljust(wanted, b"\0")
        body = {"size": current.size, "hash": current.hash, "offset": current.offset, "data": base64.b64encode(data).decode()}
        current.offset += wanted
        current.sent = current.offset >= current.size
        return msgspec.json.encode({"t": "put", **head, **body}) + b"\n"


def _content(data: str | None) -> bytes | None:
    if data is None:
        return None
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if len(content) <= PART_BYTES else None
