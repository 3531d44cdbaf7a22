"""The durable record of each VM, ``vm.json`` in its folder: how any driver keeps it, and how it knows that a folder is its own."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import msgspec

from t4t.domain.errors import FolderUnwritable, NotEnoughDisk, VmNotFound, VmNotOurs
from t4t.domain.vm import VmId, VmSpec
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE: Final = "vm.json"
_RESERVE: Final = "reserve"
_RESERVE_BYTES: Final = 128 * 1024


class Record(Protocol):
    """What each driver's record has: whose it is, and what the VM was made of."""

    @property
    def version(self) -> int:
        """Of the record's format."""
        ...

    @property
    def owner(self) -> str:
        """The id of the data folder."""
        ...

    @property
    def created(self) -> VmSpec:
        """What was asked for at first."""
        ...


R = TypeVar("R", bound=Record)


class Records(Generic[R]):
    """The folders of all VMs of one data folder that one kind of driver made."""

    def __init__(self, folder: Path, owner: str, kind: type[R], version: int) -> None:
        """``owner`` is the mark; what has another one, or is no record of this ``kind`` and ``version``, is not ours."""
        self.folder = folder
        self._owner = owner
        self._kind = kind
        self._version = version

    def home(self, vm_id: VmId) -> Path:
        """The VM's folder."""
        return self.folder / vm_id

    def load(self, vm_id: VmId) -> R:
        """The VM's record; `VmNotFound` or `VmNotOurs`."""
        home = self.home(vm_id)
        if "/" in vm_id or "\\" in vm_id or vm_id.startswith(".") or not home.is_dir():
            raise VmNotFound(vm=vm_id)
        try:
            record = msgspec.json.decode((home / FILE).read_bytes(), type=self._kind)
        except FileNotFoundError:
            if not home.is_dir():
                raise VmNotFound(vm=vm_id) from None
            raise VmNotOurs(vm=vm_id) from None
        except (OSError, msgspec.MsgspecError):
            raise VmNotOurs(vm=vm_id) from None
        if record.owner != self._owner or record.created.vm_id != vm_id or record.version != self._version:
            raise VmNotOurs(vm=vm_id)
        return record

    def lock_path(self, vm_id: VmId) -> Path:
        """The file whose lock is held by whoever gives commands to the VM."""
        folder = self.folder / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / vm_id

    def save(self, record: R) -> None:
        """Make ``record`` durable."""
        write_atomic(self.home(record.created.vm_id) / FILE, encode(record))

    def save_by_all_means(self, record: R) -> None:
        """Make ``record`` durable also on a full disk, with the space that was kept for it."""
        reserve = self.home(record.created.vm_id) / _RESERVE
        try:
            self.save(record)
        except OSError:
            if not reserve.exists():
                raise
            reserve.unlink()
            self.save(record)
        else:
            if not reserve.exists():
                with contextlib.suppress(OSError):
                    reserve.write_bytes(bytes(_RESERVE_BYTES))

    def write(self, record: R) -> R:
        """Make ``record`` durable; `NotEnoughDisk` or `FolderUnwritable`."""
        home = self.home(record.created.vm_id)
        try:
            self.save_by_all_means(record)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise NotEnoughDisk(path=str(home), needed_mib=1, free_mib=0) from error
            raise FolderUnwritable(path=str(home), reason=error.strerror or str(error)) from error
        return record

    def ids(self) -> Iterator[VmId]:
        """All VMs of ours."""
        if not self.folder.is_dir():
            return
        for home in sorted(self.folder.iterdir()):
            vm_id = VmId(home.name)
            try:
                self.load(vm_id)
            except (VmNotFound, VmNotOurs):
                continue
            yield vm_id


def encode(record: object) -> bytes:
    """The record as a file that people can read."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"
