"""The reference appliance of a copy that was installed: fetched as one signed archive, looked through, and put in its place whole."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
import tarfile
from typing import TYPE_CHECKING, Final

from t4t.domain.app_update import appliance_target
from t4t.domain.errors import ApplianceDamaged, ApplianceMissing, FolderUnwritable, NotEnoughDisk
from t4t.domain.project_errors import FileWrongChecksum, FileWrongSize, ReplyTooLarge
from t4t.domain.update_errors import ApplianceNotOffered, UpdateUntrusted
from t4t.durable import sync_folder, to_the_end
from t4t.storage.appliance import load
from t4t.updates.book import Book
from t4t.updates.source import kept_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.app_update import SignedFile
    from t4t.storage.appliance import Appliance
    from t4t.updates.source import Source

FILES: Final = "appliance"
"""In the folder of updates: what came of an archive."""
_LISTS: Final = "metadata"
_ARCHITECTURE: Final = {"AMD64": "x86_64"}
_MIB: Final = 1024 * 1024
_RESERVE_MIB: Final = 256


def architecture(machine: str = "") -> str:
    """Of this computer, as releases name it."""
    machine = machine or platform.machine()
    return _ARCHITECTURE.get(machine, machine)


def whole(folder: Path) -> Appliance | None:
    """The appliance in ``folder`` if each file of it is what its manifest says; blocks for a second."""
    try:
        found = load(folder)
        for name in found.manifest.files:
            found.verified(name)
    except (ApplianceMissing, ApplianceDamaged):
        return None
    return found


class ApplianceFetching:
    """For one data folder; ``place`` is where the appliance is to lie."""

    def __init__(self, data: Path, place: Path, *, source: Source, root: bytes) -> None:
        """Nothing is asked yet."""
        self._book = Book(data)
        self._place = place
        self._source = source
        self._root = root

    async def fetch(self, progress: Callable[[int, int], None]) -> Appliance:
        """The newest one, here. What came of an archive stays for the next try; an appliance that is here already and whole is not fetched again.

        Raises `ApplianceNotOffered`, `UpdateUntrusted`, `UpdateExpired`, `UpdateBusy`, `NotEnoughDisk`, or what stands against reading the source.
        """
        from t4t.updates.trust import offered_file  # noqa: PLC0415 - python-tuf, which only this needs

        with self._book.held():
            name = appliance_target(architecture())
            wanted = await offered_file(name, source=self._source, root=self._root, folder=self._book.folder / _LISTS)
            if wanted is None:
                raise ApplianceNotOffered(file=name)
            here = await to_the_end(whole, self._place)
            if here is not None and here.manifest.version == wanted.version:
                return here
            return await self._bring(wanted, progress)

    async def _bring(self, wanted: SignedFile, progress: Callable[[int, int], None]) -> Appliance:
        folder = self._book.folder / FILES
        await to_the_end(self._make_room, wanted, folder)
        try:
            archive = await self._source.fetch(wanted, folder, lambda received: progress(received, wanted.nbytes))
        except (FileWrongChecksum, FileWrongSize, ReplyTooLarge) as error:
            raise UpdateUntrusted(reason=str(error)) from error
        return await to_the_end(self._put, archive, wanted.version)

    def _make_room(self, wanted: SignedFile, folder: Path) -> None:
        """Nothing stays of another version's archive, and there must be room for this one and what is in it."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.iterdir():
                if not path.name.lstrip(".").startswith(kept_name(wanted)):
                    path.unlink()
            self._place.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._place.parent).free // _MIB
        except OSError as error:
            raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error
        needed = (wanted.nbytes + wanted.unpacked) // _MIB + _RESERVE_MIB
        if free < needed:
            raise NotEnoughDisk(path=str(self._place.parent), needed_mib=needed, free_mib=free)

    def _put(self, archive: Path, version: str) -> Appliance:
        """Unpack it beside, look through it, and let it take its place; whoever is killed meanwhile has the old one or none, never half of one."""
        new = self._place.with_name(f".{self._place.name}.new")
        old = self._place.with_name(f".{self._place.name}.old")
        try:
            for left in (new, old):
                _remove(left)
            with tarfile.open(archive) as tar:
                tar.extractall(new, filter="data")
            found = whole(new)
            if found is None or found.manifest.version != version:
                raise UpdateUntrusted(reason=f"{archive.name} is not what its manifest says")
            if sys.platform != "win32":
                os.sync()
            if self._place.exists():
                self._place.rename(old)
            new.rename(self._place)
            sync_folder(self._place.parent)
            _remove(old)
            archive.unlink(missing_ok=True)
        except (tarfile.TarError, EOFError) as error:
            raise UpdateUntrusted(reason=f"{archive.name}: {error}") from error
        except OSError as error:
            raise FolderUnwritable(path=str(self._place.parent), reason=error.strerror or str(error)) from error
        finally:
            with contextlib.suppress(OSError):
                _remove(new)
        return load(self._place)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
