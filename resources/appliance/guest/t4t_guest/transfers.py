"""One file on its way: out to the host, or in from it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import TYPE_CHECKING

from t4t_guest.folder import MAX_FILE_BYTES, PART_PREFIX, hash_stream

if TYPE_CHECKING:
    from t4t_guest.wire import Message

PART_BYTES = 32_768


class Outgoing:
    """A file (or its removal) being sent; the file is opened once, so a rename over it does no harm."""

    def __init__(self, session: str, number: int, path: str, descriptor: int | None) -> None:
        """Take over an open file; None stands for "removed"."""
        self.path = path
        self.number = number
        self.hash: str | None = None
        self.sent = False
        """Whether all messages were handed out."""
        self._session = session
        self._descriptor = descriptor
        self._offset = self._size = 0
        if descriptor is not None:
            self.hash, self._size = hash_stream(descriptor)

    def next_message(self) -> Message:
        """The next message of this transfer; must not be called once all are `sent`."""
        head: Message = {"session": self._session, "path": self.path, "id": self.number}
        if self._descriptor is None:
            self.sent = True
            return {"t": "del", **head}
        data = os.pread(self._descriptor, min(PART_BYTES, self._size - self._offset), self._offset)
        offset = self._offset
        self._offset += len(data)
        # A file cut short meanwhile ends here; the host refuses it by its size, and the next look finds the new content.
        self.sent = self._offset >= self._size or not data
        body = {"size": self._size, "hash": self.hash, "offset": offset, "data": base64.b64encode(data).decode()}
        return {"t": "put", **head, **body}

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self.sent = True


class IncomingError(Exception):
    """The file can't be taken; answered with `ok` false."""


class Incoming:
    """A file being received under a temporary name in the folder it belongs to."""

    def __init__(self, top: str, path: str, number: int, size: int, digest: str) -> None:
        """Open the temporary file.

        Raises IncomingError where the file is too large or can't be written.
        """
        if not 0 <= size <= MAX_FILE_BYTES:
            raise IncomingError("too large")
        self.path = path
        self.number = number
        self._digest = digest
        self._size = size
        self._received = 0
        self._target = f"{top}/{path}"
        folder = self._target.rpartition("/")[0]
        self._part = f"{folder}/{PART_PREFIX}{number}"
        self._hash = hashlib.sha256()
        try:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 -- pathlib is slow to import
            self._descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise IncomingError(str(error)) from error

    def take(self, offset: object, data: object) -> bool:
        """Add a part; True when the file is complete and right.

        Raises IncomingError.
        """
        if offset != self._received or not isinstance(data, str):
            raise IncomingError("a part is missing")
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise IncomingError("not base64") from error
        self._received += len(content)
        if len(content) > PART_BYTES or self._received > self._size:
            raise IncomingError("more than announced")
        self._hash.update(content)
        try:
            while content:
                content = content[os.write(self._descriptor, content) :]
        except OSError as error:
            raise IncomingError(str(error)) from error
        if self._received < self._size:
            if not data:
                raise IncomingError("an empty part")
            return False
        if self._hash.hexdigest() != self._digest:
            raise IncomingError("the hash is another")
        return True

    def put_in_place(self) -> None:
        """Give the complete file its name.

        Raises IncomingError.
        """
        try:
            os.close(self._descriptor)
            self._descriptor = -1
            os.replace(self._part, self._target)  # noqa: PTH105 -- pathlib is slow to import
        except OSError as error:
            raise IncomingError(str(error)) from error

    def drop(self) -> None:
        """Forget the transfer and remove what was written."""
        try:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            os.unlink(self._part)  # noqa: PTH108 -- as above
        except OSError:
            return
        finally:
            self._descriptor = -1
