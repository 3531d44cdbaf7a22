"""Where signed lists and files come from: a server, or any folder. Neither is trusted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.errors import FolderUnwritable, NotEnoughDisk
from t4t.domain.project_errors import FileWrongChecksum, FileWrongSize, RequestRefused
from t4t.durable import sync_folder, to_the_end
from t4t.storage.files import sha256_of
from t4t.transfer.download import Downloads, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.app_update import SignedFile
    from t4t.transfer.http import Http
    from t4t.transfer.limits import Rate

_ABSENT: Final = frozenset({403, 404})
"""What servers of static files say of a file that is not there."""
_MIB: Final = 1024 * 1024
_RESERVE_MIB: Final = 64


class AbsentError(Exception):
    """There is no such file."""


class Source(Protocol):
    """A repository of updates: ``metadata`` and ``targets``."""

    async def small(self, name: str, limit: int) -> bytes:
        """A small file; raises `AbsentError`, or what stands against reading it."""
        ...

    async def fetch(self, offer: SignedFile, into: Path, progress: Callable[[int], None]) -> Path:
        """The installer of an offer, whole and as it was signed, in the folder ``into``; what came stays for the next try. Raises leaves of `T4TError`."""
        ...


def stored(offer: SignedFile) -> str:
    """Where its installer lies in a repository: under its content's name, so that the old and the new one can be there at once."""
    folder, slash, name = offer.file.rpartition("/")
    return f"targets/{folder}{slash}{offer.sha256}.{name}"


def kept_name(offer: SignedFile) -> str:
    """Its name in a folder of ours."""
    return f"{offer.version}-{offer.file.rpartition('/')[2]}"


def is_whole(path: Path, offer: SignedFile) -> bool:
    """Whether the file is what was signed; read once more before it is used, whatever was found when it came."""
    try:
        return path.stat().st_size == offer.nbytes and sha256_of(path) == offer.sha256
    except OSError:
        return False


class WebSource:
    """A folder of a server."""

    def __init__(self, http: Http, address: str, rate: Rate) -> None:
        """``rate`` limits the installer."""
        self._http = http
        self._address = address
        self._rate = rate

    async def small(self, name: str, limit: int) -> bytes:
        """See `Source`."""
        try:
            return (await self._http.get(f"{self._address}/{name}", limit=limit)).body
        except RequestRefused as error:
            if error.status in _ABSENT:
                raise AbsentError(name) from error
            raise

    async def fetch(self, offer: SignedFile, into: Path, progress: Callable[[int], None]) -> Path:
        """See `Source`."""
        wanted = Wanted(name=kept_name(offer), urls=(f"{self._address}/{stored(offer)}",), nbytes=offer.nbytes, sha256=offer.sha256)
        return await Downloads(self._http, into, rate=self._rate).fetch(wanted, progress)


class FolderSource:
    """A folder of this computer, a stick or a network drive."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._folder = folder

    async def small(self, name: str, limit: int) -> bytes:
        """See `Source`."""
        try:
            with (self._folder / name).open("rb") as file:
                return file.read(limit + 1)
        except FileNotFoundError as error:
            raise AbsentError(name) from error
        except OSError as error:
            raise FolderUnwritable(path=str(self._folder), reason=error.strerror or str(error)) from error

    async def fetch(self, offer: SignedFile, into: Path, progress: Callable[[int], None]) -> Path:
        """See `Source`."""
        final = await to_the_end(self._copy, offer, into)
        progress(offer.nbytes)
        return final

    def _copy(self, offer: SignedFile, into: Path) -> Path:
        final = into / kept_name(offer)
        if is_whole(final, offer):
            return final
        part = final.with_name(f".{final.name}.part")
        try:
            into.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(into).free // _MIB
            needed = offer.nbytes // _MIB + _RESERVE_MIB
            if free < needed:
                raise NotEnoughDisk(path=str(into), needed_mib=needed, free_mib=free)
            shutil.copyfile(self._folder / stored(offer), part)
            size = part.stat().st_size
            if size != offer.nbytes:
                raise FileWrongSize(file=offer.file, expected=offer.nbytes, actual=size)
            found = sha256_of(part)
            if found != offer.sha256:
                raise FileWrongChecksum(file=offer.file, expected=offer.sha256, actual=found)
            part.replace(final)
            sync_folder(into)
        except OSError as error:
            raise FolderUnwritable(path=str(into), reason=error.strerror or str(error)) from error
        finally:
            part.unlink(missing_ok=True)
        return final


def is_folder(address: str) -> bool:
    """Whether updates come from a folder instead of a server."""
    return "://" not in address


def source_of(address: str, http: Http, rate: Rate) -> Source:
    """The source at an address."""
    return FolderSource(Path(address)) if is_folder(address) else WebSource(http, address, rate)
