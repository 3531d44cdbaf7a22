"""A copy of the program that is one folder: another version is unpacked beside it, and the two change places in one step of the file system.

Beside the program's folder ``t4t`` lie ``.t4t-next`` (what is to be put in place, afterwards what was there) and ``.t4t-previous``: the version before, kept
for a way back. Whoever puts versions in place runs from there, for a program whose files are exchanged under it would read the other one's.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Final

from t4t.domain.app_update import Kind
from t4t.domain.errors import NotEnoughDisk
from t4t.domain.update_errors import NoWayBack, UpdateFailed
from t4t.durable import sync_folder
from t4t.updates.installation import program_in, version_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from t4t.updates.installation import Installation

_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2
"""RENAME_EXCHANGE of Linux' renameat2, and RENAME_SWAP of macOS' renamex_np."""
_MIB: Final = 1024 * 1024
_RESERVE_MIB: Final = 256
_SECONDS: Final = 600.0


def exchange(one: Path, other: Path) -> None:
    """Both names lead to the other's folder from one instant on; nobody ever sees neither. Raises `OSError`, also where the file system can't do that."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            failed = libc.renamex_np(*names, _EXCHANGE)
        else:
            failed = libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE)
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one))
    sync_folder(one.parent)


def copy_tree(source: Path, copy: Path) -> None:
    """A copy that shares its files with the original where the disk can do that; there at once or not at all. Raises `OSError`."""
    part = copy.with_name(f"{copy.name}.part")
    remove(part)
    shutil.copytree(source, part, symlinks=True, copy_function=_link)
    remove(copy)
    part.rename(copy)
    sync_folder(copy.parent)


def _link(source: str, copy: str) -> str:
    try:
        os.link(source, copy)
    except OSError:
        shutil.copy2(source, copy)
    return copy


def remove(folder: Path) -> None:
    """Remove it whole, if it is there. Raises `OSError`."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def unpack_tar(archive: Path, folder: Path) -> Path:
    """The one folder that is in an archive; nothing in it may lie or lead elsewhere. Raises `OSError`, `tarfile.TarError`, `EOFError`, `ValueError`."""
    with tarfile.open(archive, "r:*") as tar:
        tar.extractall(folder, filter="data")
    found = list(folder.iterdir())
    if len(found) != 1:
        raise ValueError("there is more than one folder in it")
    return found[0]


def run_tool(*command: str) -> None:
    """A tool of the system; raises `OSError` with what it said."""
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS, check=False)
    if done.returncode:
        raise OSError(errno.EIO, done.stderr.decode(errors="replace").strip()[-200:] or f"{command[0]} ended with {done.returncode}")


def unpack_dmg(image: Path, folder: Path, run: Callable[..., None] = run_tool) -> Path:
    """The app in a disk image of macOS, with its links and signature as they are; Gatekeeper's own check must agree. Raises `OSError`, `ValueError`."""
    mount = folder / "mount"
    mount.mkdir()
    run("hdiutil", "attach", "-nobrowse", "-readonly", "-noautoopen", "-mountpoint", str(mount), str(image))
    try:
        apps = sorted(mount.glob("*.app"))
        if len(apps) != 1:
            raise ValueError("there is not just one app in it")
        copy = folder / apps[0].name
        run("ditto", str(apps[0]), str(copy))
    finally:
        run("hdiutil", "detach", str(mount))
    run("codesign", "--verify", "--deep", "--strict", str(copy))
    return copy


class Trees:
    """`t4t.updates.applying.Slot` of such a copy."""

    def __init__(self, here: Installation) -> None:
        """Nothing is touched yet."""
        self._kind = here.kind
        self._root = here.root
        self.next = here.root.with_name(f".{here.root.name}-next")
        self.previous = here.root.with_name(f".{here.root.name}-previous")

    @property
    def program(self) -> Path:
        """What is in place."""
        return program_in(self._root, self._kind)

    @property
    def keeper(self) -> Path:
        """The program that puts versions in place: out of the way of all that is exchanged."""
        return program_in(self.previous, self._kind)

    def here(self) -> str:
        """The version that is in place."""
        return version_at(self._root, self._kind)

    def kept(self) -> str:
        """The version that is kept."""
        return version_at(self.previous, self._kind)

    def keep(self) -> None:
        """Keep what is in place for a way back, and to work from. Raises `UpdateFailed`."""
        if self.kept() != self.here():
            with self._failing(self.here()):
                copy_tree(self._root, self.previous)

    def stage(self, installer: Path, version: str, unpacked: int) -> Path:
        """Unpack a version beside; its program, which can be tried there. Raises `UpdateFailed`, `NotEnoughDisk`."""
        with self._failing(version):
            remove(self.next)
            part = self.next.with_name(f"{self.next.name}.part")
            remove(part)
            self._check_room(unpacked or 4 * installer.stat().st_size)
            part.mkdir()
            try:
                found = unpack_dmg(installer, part) if self._kind is Kind.APP else unpack_tar(installer, part)
                if version_at(found, self._kind) != version:
                    raise ValueError("it is another version than its list says")
                if sys.platform != "win32":
                    os.sync()  # what is in place is on the disk, whatever happens to the power
                found.rename(self.next)
            finally:
                remove(part)
        return program_in(self.next, self._kind)

    def stage_kept(self) -> Path:
        """The kept version beside, to be put in place. Raises `NoWayBack`, `UpdateFailed`."""
        version = self.kept()
        if not version or version == self.here():
            raise NoWayBack(reason="No other version of the program is kept here")
        with self._failing(version):
            copy_tree(self.previous, self.next)
        return program_in(self.next, self._kind)

    def put(self, version: str) -> None:
        """In place with it. Raises `UpdateFailed`; what was there is there still then."""
        with self._failing(version):
            if version_at(self.next, self._kind) != version:  # somebody tidied up
                copy_tree(self.previous, self.next)
            if version_at(self.next, self._kind) != version:
                raise ValueError("its files are gone")
            exchange(self._root, self.next)

    def clean(self, _before: str) -> None:
        """What is not in place and not kept is of no more use."""
        with contextlib.suppress(OSError):
            remove(self.next)

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self._root.parent).free // _MIB
        if free < needed // _MIB + _RESERVE_MIB:
            raise NotEnoughDisk(path=str(self._root.parent), needed_mib=needed // _MIB + _RESERVE_MIB, free_mib=free)

    @contextlib.contextmanager
    def _failing(self, version: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UpdateFailed(version=version, reason=error.strerror or str(error)) from error
        except (ValueError, EOFError, tarfile.TarError, shutil.Error, subprocess.SubprocessError) as error:
            raise UpdateFailed(version=version, reason=str(error)[:200]) from error
