"""The guest's side of the mirror of `/shared` (docs/guest-interface.md, section 4): a protocol engine without any input or output of its own.

Bytes from the host go into `receive`, bytes for the host come out of `pending`; `look` compares the folder with what was agreed. The engine holds no
time of its own and survives any break of the connection: a new `hello` starts a new session, while what was agreed stays.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from t4t_guest.folder import Folder, is_plain_path
from t4t_guest.transfers import Incoming, IncomingError, Outgoing
from t4t_guest.wire import LineReader, encode, listing_messages, read_listing

if TYPE_CHECKING:
    from t4t_guest.wire import Message

_MOST_PENDING = 131_072
"""Bytes for the host held ready; more is read from the file only when these are gone."""
_RETRY_LOOKS = 3
_LAST = "shutdown"
"""The completion file goes out only when the host has everything else."""


class Mirror:
    """State of the mirror between this guest and its host."""

    def __init__(self, top: str) -> None:
        """Mirror the folder `top`, which must exist."""
        self._folder = Folder(top)
        self._reader = LineReader()
        self._session: str | None = None
        self._listing_complete = False
        self._host: dict[str, str] = {}
        """The host's folder as its listing and the transfers since say."""
        self._agreed: dict[str, str] = {}
        self._local: dict[str, str] = {}
        self._outgoing: Outgoing | None = None
        self._incoming: Incoming | None = None
        self._refused_number: object = None
        self._retry_in: dict[str, int] = {}
        """Looks to wait before a path the host refused is offered again."""
        self._output = bytearray()
        self._number = 0

    @property
    def connected(self) -> bool:
        """Whether a session is under way, listings exchanged. It stays so when the line breaks: only a `hello` tells."""
        return self._listing_complete

    @property
    def settled(self) -> bool:
        """Whether this side has all the host's folder listed, apart from what was changed here."""
        if not self._listing_complete or self._incoming is not None:
            return False
        paths = self._host.keys() | self._agreed.keys()
        return all(self._local.get(path) == self._host.get(path) or self._changed(path) for path in paths)

    @property
    def flushed(self) -> bool:
        """Whether the host has acknowledged everything that was changed here, as of the last look."""
        return self._listing_complete and self._outgoing is None and not self._dirty()

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        for message in self._reader.feed(data):
            self._handle(message)

    def pending(self) -> bytearray:
        """Bytes for the host; the caller removes from the front what it has sent."""
        while self._outgoing is not None and not self._outgoing.sent and len(self._output) < _MOST_PENDING:
            self._send(self._outgoing.next_message())
        return self._output

    def look(self) -> None:
        """Compare the folder with what was agreed, and send the next change if there is one. To be called at least once a second."""
        self._local = self._folder.listing()
        self._retry_in = {path: looks - 1 for path, looks in self._retry_in.items() if looks > 1}
        self._offer()

    def _changed(self, path: str) -> bool:
        return self._local.get(path) != self._agreed.get(path)

    def _dirty(self) -> list[str]:
        paths = [path for path in self._local.keys() | self._agreed.keys() if self._changed(path)]
        return sorted(paths, key=lambda path: (path == _LAST, path))

    def _send(self, message: Message) -> None:
        self._output += encode(message)

    def _handle(self, message: Message) -> None:
        kind = message.get("t")
        if kind == "hello":
            self._hello(message)
            return
        if self._session is None or message.get("session") != self._session:
            return
        if kind == "ping":
            self._send({"t": "pong", "session": self._session})
        elif kind == "files" and not self._listing_complete:
            self._listing(message)
        elif self._listing_complete:
            if kind == "put":
                self._put(message)
            elif kind == "del":
                self._del(message)
            elif kind == "ack":
                self._ack(message)

    def _hello(self, message: Message) -> None:
        session = message.get("session")
        if not isinstance(session, str):
            return
        self._session = session
        self._listing_complete = False
        self._host = {}
        self._retry_in = {}
        self._drop_transfers()
        # Whatever was being sent belongs to the session before; the line break ends a message that was cut in the middle.
        self._output.clear()
        self._output += b"\n"
        self._listing(message)

    def _drop_transfers(self) -> None:
        if self._outgoing is not None:
            self._outgoing.close()
            self._outgoing = None
        if self._incoming is not None:
            self._incoming.drop()
            self._incoming = None
        self._refused_number = None

    def _listing(self, message: Message) -> None:
        self._host.update(read_listing(message))
        if message.get("more") is True or self._session is None:
            return
        self._listing_complete = True
        self._local = self._folder.listing()
        for part in listing_messages("welcome", self._session, self._local):
            self._send(part)
        for path, content in self._host.items():
            if self._local.get(path) == content:
                self._agreed[path] = content
        for path in [path for path in self._agreed if path not in self._local and path not in self._host]:
            del self._agreed[path]
        self._offer()

    def _offer(self) -> None:
        """Begin the next transfer to the host, if one is due and none is under way."""
        if not self._listing_complete or self._outgoing is not None or self._session is None:
            return
        dirty = self._dirty()
        for path in dirty:
            if path in self._retry_in or (path == _LAST and len(dirty) > 1):
                continue
            descriptor = None
            if path in self._local:
                try:
                    descriptor = os.open(self._folder.place(path), os.O_RDONLY | os.O_NOFOLLOW)
                except OSError:
                    # Gone since the last look; the next one sees it.
                    continue
            self._number += 1
            self._outgoing = Outgoing(self._session, self._number, path, descriptor)
            return

    def _ack(self, message: Message) -> None:
        transfer = self._outgoing
        if transfer is None or message.get("id") != transfer.number:
            return
        transfer.close()
        self._outgoing = None
        path = transfer.path
        if message.get("ok") is True:
            self._agree(path, transfer.hash)
        else:
            self._retry_in[path] = _RETRY_LOOKS
        self._offer()

    def _agree(self, path: str, content: str | None) -> None:
        for table in (self._agreed, self._host):
            if content is None:
                table.pop(path, None)
            else:
                table[path] = content

    def _answer(self, number: object, *, ok: bool) -> None:
        self._send({"t": "ack", "session": self._session, "id": number, "ok": ok})

    def _put(self, message: Message) -> None:
        number, path = message.get("id"), message.get("path")
        if not isinstance(number, int) or not isinstance(path, str) or not is_plain_path(path) or number == self._refused_number:
            return
        try:
            transfer = self._incoming
            if transfer is None or transfer.number != number or message.get("offset") == 0:
                if transfer is not None:
                    transfer.drop()
                transfer = self._incoming = self._begin(message, path, number)
            if not transfer.take(message.get("offset"), message.get("data")):
                return
            self._finish(transfer, str(message.get("hash")))
        except IncomingError:
            if self._incoming is not None:
                self._incoming.drop()
                self._incoming = None
            self._refused_number = number
            self._answer(number, ok=False)

    def _begin(self, message: Message, path: str, number: int) -> Incoming:
        self._refused_number = None
        self._incoming = None
        size, content = message.get("size"), message.get("hash")
        if not isinstance(size, int) or not isinstance(content, str):
            raise IncomingError("no size or hash")
        return Incoming(self._folder.top, path, number, size, content)

    def _finish(self, transfer: Incoming, content: str) -> None:
        path = transfer.path
        here = self._folder.hash_of(path)
        if here not in {content, self._agreed.get(path)}:
            raise IncomingError("changed here too: the guest's change wins")
        if here == content:
            transfer.drop()
        else:
            transfer.put_in_place()
        self._incoming = None
        self._local[path] = content
        self._agree(path, content)
        self._answer(transfer.number, ok=True)

    def _del(self, message: Message) -> None:
        number, path = message.get("id"), message.get("path")
        if not isinstance(number, int) or not isinstance(path, str) or not is_plain_path(path):
            return
        here = self._folder.hash_of(path)
        if here not in {None, self._agreed.get(path)}:
            self._answer(number, ok=False)
            return
        try:
            self._folder.remove(path)
        except OSError:
            self._answer(number, ok=False)
            return
        self._local.pop(path, None)
        self._agree(path, None)
        self._answer(number, ok=True)
