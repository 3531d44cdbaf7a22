"""The signed lists of a repository, by python-tuf: what is offered here, if the signatures, versions and dates of all lists are right.

Imported only by who asks: python-tuf and its libraries are of no use to an agent, which lives long.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from tuf.api.exceptions import DownloadError, DownloadHTTPError, ExpiredMetadataError, RepositoryError
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from t4t.domain.app_update import Kind, Offer, SignedFile, rank
from t4t.domain.errors import FolderUnwritable, T4TError
from t4t.domain.update_errors import UpdateExpired, UpdateUntrusted
from t4t.durable import to_the_end
from t4t.updates.source import AbsentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tuf.api._payload import TargetFile

    from t4t.updates.source import Source

_BASE: Final = "t4t:/metadata/"
_LIMIT: Final = 1024 * 1024
"""Of a list: there are five installers in it."""


class _CustomFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed of any file beside its size and hash."""

    version: str
    unpacked: int = 0


class _Custom(_CustomFile, frozen=True, kw_only=True):
    """The same of an installer."""

    kind: Kind
    security: bool = False


C = TypeVar("C", bound=_CustomFile)
T = TypeVar("T")


class _Fetcher(FetcherInterface):
    """Python-tuf's questions, which come from a thread, answered by the app's own connections on their loop."""

    def __init__(self, source: Source, loop: asyncio.AbstractEventLoop) -> None:
        self._source = source
        self._loop = loop
        self.failure: T4TError | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = f"metadata/{url.removeprefix(_BASE)}"
        try:
            return iter((asyncio.run_coroutine_threadsafe(self._source.small(name, _LIMIT), self._loop).result(),))
        except AbsentError as error:
            raise DownloadHTTPError(f"there is no {name}", 404) from error
        except T4TError as error:
            self.failure = error
            raise


async def offered(names: tuple[str, ...], *, source: Source, root: bytes, folder: Path) -> tuple[Offer | None, ...]:
    """What is offered now under each of ``names``; ``root``: the first key of the chain, ``folder``: what was seen so far, so that nothing older is believed.

    Raises `UpdateUntrusted`, `UpdateExpired`, `FolderUnwritable`, or what stands against reading ``source``.
    """
    return await _asked(names, _offer, source=source, root=root, folder=folder)


async def offered_file(name: str, *, source: Source, root: bytes, folder: Path) -> SignedFile | None:
    """The same of a file that is no installer."""
    (found,) = await _asked((name,), _file, source=source, root=root, folder=folder)
    return found


async def _asked(names: tuple[str, ...], make: Callable[[TargetFile], T], *, source: Source, root: bytes, folder: Path) -> tuple[T | None, ...]:
    fetcher = _Fetcher(source, asyncio.get_running_loop())

    def ask() -> tuple[T | None, ...]:
        folder.mkdir(parents=True, exist_ok=True)
        config = UpdaterConfig(root_max_length=_LIMIT, snapshot_max_length=_LIMIT, targets_max_length=_LIMIT)
        updater = Updater(str(folder), _BASE, fetcher=fetcher, config=config, bootstrap=root)
        updater.refresh()
        return tuple(None if one is None else make(one) for one in map(updater.get_targetinfo, names))

    try:
        return await to_the_end(ask)
    except ExpiredMetadataError as error:
        raise UpdateExpired(reason=str(error)) from error
    except RepositoryError as error:
        raise UpdateUntrusted(reason=str(error)) from error
    except DownloadError as error:
        raise fetcher.failure or UpdateUntrusted(reason=str(error)) from error
    except OSError as error:
        raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error


def _signed(found: TargetFile, kind: type[C]) -> tuple[C, str]:
    """What is signed of it, and its SHA-256; raises `UpdateUntrusted` where it makes no sense to this version."""
    try:
        custom = msgspec.convert(found.custom, kind)
    except msgspec.ValidationError as error:
        raise UpdateUntrusted(reason=f"{found.path}: {error}") from error
    sha256 = found.hashes.get("sha256", "")
    if not sha256:
        raise UpdateUntrusted(reason=f"{found.path}: no SHA-256")
    return custom, sha256


def _offer(found: TargetFile) -> Offer:
    custom, sha256 = _signed(found, _Custom)
    if rank(custom.version) is None:
        raise UpdateUntrusted(reason=f"{found.path}: no version")
    return Offer(
        version=custom.version,
        kind=custom.kind,
        file=found.path,
        nbytes=found.length,
        sha256=sha256,
        security=custom.security,
        unpacked=custom.unpacked,
    )


def _file(found: TargetFile) -> SignedFile:
    custom, sha256 = _signed(found, _CustomFile)
    return SignedFile(version=custom.version, file=found.path, nbytes=found.length, sha256=sha256, unpacked=custom.unpacked)
