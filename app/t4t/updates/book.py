"""What is known of updates, written down before each step, and the lock of whoever is at work on them."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.app_update import Failed, Record
from t4t.domain.errors import FolderUnwritable, from_wire, to_wire
from t4t.domain.update_errors import UpdateBusy
from t4t.durable import write_atomic
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from t4t.domain.errors import T4TError

_log = logging.getLogger(__name__)

FOLDER: Final = "updates"
_FILE: Final = "record.json"
_LOCK: Final = "lock"
_PATIENCE_S: Final = 0.3
"""Whoever only wants to know whether it is free holds it for a moment."""


class Book:
    """The record of one data folder."""

    def __init__(self, data: Path) -> None:
        """Nothing is opened yet."""
        self.folder = data / FOLDER

    @property
    def record(self) -> Record:
        """What is written down; one that can't be read is as none: what is in place is seen at the place itself."""
        try:
            return msgspec.json.decode((self.folder / _FILE).read_bytes(), type=Record)
        except FileNotFoundError:
            return Record()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.warning("the record of updates can't be read: %s", error)
            return Record()

    def write(self, record: Record) -> Record:
        """Put it down; raises `FolderUnwritable`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self.folder / _FILE, msgspec.json.encode(record))
        except OSError as error:
            raise FolderUnwritable(path=str(self.folder), reason=error.strerror or str(error)) from error
        return record

    def change(self, **fields: object) -> Record:
        """The record with other values in these fields, written down."""
        return self.write(msgspec.structs.replace(self.record, **fields))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """At work on it, alone; raises `UpdateBusy`, `FolderUnwritable`."""
        lock = FolderLock(self.folder, _LOCK)
        end = time.monotonic() + _PATIENCE_S
        while not lock.try_take():
            if time.monotonic() > end:
                raise UpdateBusy(what="another update of it is under way")
            time.sleep(_PATIENCE_S / 10)
        with lock:
            yield

    @property
    def is_free(self) -> bool:
        """Whether nobody is at work on it at this moment."""
        lock = FolderLock(self.folder, _LOCK)
        try:
            return lock.try_take()
        except FolderUnwritable:
            return False
        finally:
            lock.release()


def failed(error: T4TError) -> Failed:
    """An error as it is written down."""
    wire = to_wire(error)
    return Failed(wire["code"], wire["data"])


def raised(failure: Failed) -> T4TError:
    """An error that was written down."""
    return from_wire({"code": failure.code, "data": failure.data})
