"""Base images: which file a VM's own layer lies upon, known to VirtualBox once, never written, forgotten when its last user is gone.

``.bases`` in the folder of the VMs holds our own images (raw ones converted, copies where somebody else's medium is in the way) and notes of all that we
introduced to VirtualBox, written before the effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import MediumMissing, T4TError
from t4t.domain.vm import MIB, BootDisk, DiskFormat, VmSpec
from t4t.durable import FileLock, write_atomic
from t4t.hypervisor.needs import is_file
from t4t.hypervisor.space import SPARE_MIB, check_space
from t4t.hypervisor.virtualbox import media
from t4t.hypervisor.virtualbox.media import HEAD_BYTES, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from t4t.hypervisor.virtualbox.road import Road

_LOG: Final = logging.getLogger(__name__)
_NOTES: Final = "bases.json"
_LOCK_SECONDS: Final = 600.0


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """One base: the image it came from, as it was then, and the ``medium`` that VirtualBox sees.

    ``own``: a file of ours, to be removed with it. ``introduced``: VirtualBox knows it from us, and is told to forget it. ``shared``: it knew it before.
    """

    source: str
    size: int
    mtime_ns: int
    medium: str
    own: bool
    introduced: bool = False
    shared: bool = False


def same_path(one: str, other: str) -> bool:
    """Whether two paths name one file."""
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def inside(folder: Path) -> Callable[[str], bool]:
    """Whether a path lies in ``folder``."""
    root = os.path.normcase(os.path.realpath(folder))

    def check(path: str) -> bool:
        return os.path.normcase(os.path.realpath(path)).startswith(root + os.sep)

    return check


def _head(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


class Bases:
    """The bases of one data folder, for drivers in any process."""

    def __init__(self, folder: Path, road: Road, free: Callable[[Path], int]) -> None:
        """``folder`` holds the VMs."""
        self._vms = folder
        self._folder = folder / ".bases"
        self._road = road
        self._free = free
        self._ours = inside(folder)

    # --- notes --------------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[list[Base]]:
        """The notes, for us alone; what is changed in them is written at once by `_write`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        async with FileLock(self._folder / "lock").acquired(_LOCK_SECONDS):
            yield self._read()

    def _read(self) -> list[Base]:
        try:
            return msgspec.json.decode((self._folder / _NOTES).read_bytes(), type=list[Base])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            _LOG.warning("the notes of base images are lost: %s", error)
            return []

    def _write(self, notes: Iterable[Base]) -> None:
        write_atomic(self._folder / _NOTES, msgspec.json.format(msgspec.json.encode(list(notes)), indent=1) + b"\n")

    # --- coming to a base ---------------------------------------------------------------------------------------------

    async def attach(self, spec: VmSpec) -> str:
        """Attach the base of ``spec``, whose VM is registered and has no disk yet, and return what VirtualBox sees."""
        if not isinstance(spec.boot, BootDisk):
            return ""
        async with self._locked() as notes:
            base = self._known(notes, spec.boot) or await self._seen(notes, spec.boot)
            if base.introduced or base.shared:
                with contextlib.suppress(T4TError):
                    await self._road.attach_base(spec, base.medium)
                    return base.medium
                # VirtualBox knows it no more, or otherwise than we left it.
                base = await self._seen(notes, spec.boot)
            if not base.shared:
                base = self._note(notes, msgspec.structs.replace(base, introduced=True))
                await self._road.introduce(spec, base.medium)
                # VirtualBox opens it for writing then, which changes its time and nothing else.
                size, mtime_ns = _identity(base.source)
                base = self._note(notes, msgspec.structs.replace(base, size=size, mtime_ns=mtime_ns))
            await self._road.attach_base(spec, base.medium)
            return base.medium

    @staticmethod
    def _known(notes: list[Base], boot: BootDisk) -> Base | None:
        size, mtime_ns = _identity(boot.path)
        fits = (base for base in notes if base.source == boot.path and (base.size, base.mtime_ns) == (size, mtime_ns) and is_file(base.medium))
        return next(fits, None)

    async def _seen(self, notes: list[Base], boot: BootDisk) -> Base:
        """Look at VirtualBox's registry, mend what is ours in it, and decide."""
        size, mtime_ns = _identity(boot.path)
        own = self._own_path(boot, size, mtime_ns)
        path = boot.path
        way = Way.COPY if boot.format is DiskFormat.RAW else await self._way(path, ours=self._noted(notes, path))
        if way is Way.COPY:
            path = str(own)
            await self._make_own(boot, own, size)
            way = await self._way(path, ours=True)
        is_own = path != boot.path
        shared = way is Way.SHARE
        ours = is_own or self._noted(notes, path)
        return self._note(
            notes, Base(source=boot.path, size=size, mtime_ns=mtime_ns, medium=path, own=is_own, introduced=shared and ours, shared=shared and not ours)
        )

    def _own_path(self, boot: BootDisk, size: int, mtime_ns: int) -> Path:
        """Where our own image of it lies; another one for each version of the file."""
        digest = hashlib.sha256(repr((boot.path, size, mtime_ns)).encode()).hexdigest()[:16]
        return self._folder / f"{digest}{_suffix(boot)}"

    async def _way(self, path: str, *, ours: bool) -> Way:
        """Mend entries of ours in VirtualBox's registry that disagree with what is there; then, how to come to the image."""
        own_uuid = media.image_uuid(_head(path))
        known = await self._road.media()
        for medium in media.in_the_way(known, path, own_uuid, ours=self._ours, same=same_path):
            _LOG.info("VirtualBox's registry has a medium of ours that is no more: %s", medium)
            with contextlib.suppress(T4TError):
                await self._road.close_medium(medium)
                known = tuple(one for one in known if one.uuid != medium)
        return media.way_to(known, path, own_uuid, ours=ours, same=same_path)

    @staticmethod
    def _noted(notes: list[Base], path: str) -> bool:
        """Whether it was us who introduced the medium at ``path``."""
        return any(one.medium == path and one.introduced for one in notes)

    async def _make_own(self, boot: BootDisk, own: Path, size: int) -> None:
        if is_file(str(own)):
            return
        check_space(self._folder, size // MIB + SPARE_MIB, self._free)
        part = own.with_name(f"part-{own.name}")
        part.unlink(missing_ok=True)
        fresh = uuid.uuid4()
        try:
            if boot.format is DiskFormat.RAW:
                await self._road.convert_raw(boot.path, str(part), str(fresh))
            else:
                await asyncio.to_thread(_copy, boot.path, part, fresh)
            part.replace(own)
        finally:
            part.unlink(missing_ok=True)

    def _note(self, notes: list[Base], base: Base) -> Base:
        """Write it down, instead of an older note of the same medium."""
        notes[:] = [one for one in notes if one.medium != base.medium] + [base]
        self._write(notes)
        return base

    # --- letting go ---------------------------------------------------------------------------------------------------

    async def forget(self, medium: str, others: Iterable[str]) -> None:
        """A VM upon ``medium`` is gone; ``others`` are the bases of those that are left. Its last user takes it along."""
        if not medium or medium in set(others):
            return
        async with self._locked() as notes:
            base = next((one for one in notes if one.medium == medium), None)
            if base is None:
                return
            if base.introduced and not await self._closed(base):
                return
            if base.own:
                _remove(base.medium)
            notes.remove(base)
            self._write(notes)

    async def _closed(self, base: Base) -> bool:
        """Whether VirtualBox forgot it: others may use it too, and then it stays."""
        try:
            await self._road.close_medium(base.medium)
        except T4TError as error:
            if any(same_path(one.path, base.medium) for one in await self._road.media()):
                _LOG.info("%s stays known to VirtualBox: %s", base.medium, error)
                return False
        return True


def _identity(path: str) -> tuple[int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        raise MediumMissing(path=path) from None
    return found.st_size, found.st_mtime_ns


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


def _suffix(boot: BootDisk) -> str:
    return ".vdi" if boot.format is DiskFormat.RAW else Path(boot.path).suffix.lower() or f".{boot.format.value}"


def _copy(source: str, target: Path, fresh: uuid.UUID) -> None:
    """A copy with a UUID of its own."""
    shutil.copyfile(source, target)
    with target.open("r+b") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        file.write(media.renumbered(head, fresh))
