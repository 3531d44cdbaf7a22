"""Asking and downloading, from a real server on loopback (or a folder), with lists that the release's own script signed."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from update_repository import load_key, make_key

from support.update_rig import PASSPHRASE, PLATFORM, Release, Server, packed
from t4t.domain.app_update import Kind, Record, Step
from t4t.domain.errors import FolderUnwritable, NotEnoughDisk, T4TError
from t4t.domain.project_errors import RequestRefused, ServerFailed, Unreachable
from t4t.domain.update_errors import NothingNewer, UpdateBusy, UpdateExpired, UpdateNotOurs, UpdateUntrusted
from t4t.host.clock import RealClock
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate
from t4t.updates.book import Book, raised
from t4t.updates.fetching import FILES, Fetching, installer
from t4t.updates.installation import Installation
from t4t.updates.source import FolderSource, Source, WebSource, is_folder, source_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

NOW = 1.8e9


class Rig:
    """A volunteer's computer with version 1.0.0, and the project's server."""

    def __init__(self, tmp_path: Path, release: Release, server: Server) -> None:
        self.data = tmp_path / "data"
        self.release = release
        self.server = server
        self.book = Book(self.data)
        self.here = Installation(kind=Kind.TAR, platform=PLATFORM, version="1.0.0", root=tmp_path / "t4t")
        self.http = Http("t4t/test", timeouts=Timeouts(connect=20, silence=20, exchange=20))
        self.told: list[tuple[int, int]] = []

    def fetching(self, source: Source | None = None, root: bytes | None = None) -> Fetching:
        web = WebSource(self.http, self.server.address, Rate(RealClock()))
        return Fetching(self.data, self.here, source=source or web, root=root or self.release.root, now=lambda: NOW)

    async def check(self, **where: Any) -> Record:
        return await self.fetching(**where).check()

    async def download(self, *, again: bool = False, **where: Any) -> Record:
        return await self.fetching(**where).download(lambda done, size: self.told.append((done, size)), again=again)

    async def refused(self, kind: type[T4TError], act: Callable[[], Any]) -> T4TError:
        """What was asked is refused, this is written down, and nothing is ready."""
        with pytest.raises(kind) as caught:
            await act()
        record = self.book.record
        assert record.failure is not None
        assert type(raised(record.failure)) is kind
        assert record.step is not Step.READY
        assert record.tried_at == NOW
        return caught.value


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Version 1.1.0 is out."""
    release = Release(tmp_path_factory.mktemp("release"))
    release.publish("1.1.0", size=600_000)
    return release


@pytest.fixture
async def rig(tmp_path: Path, made: Release) -> AsyncIterator[Rig]:
    release = Release.__new__(Release)
    release.__dict__.update(made.__dict__)
    release.folder, release.work = tmp_path / "place", tmp_path / "work"
    shutil.copytree(made.folder, release.folder)
    release.work.mkdir()
    server = await Server(release.folder).start()
    rig = Rig(tmp_path, release, server)
    yield rig
    await rig.http.close()
    await server.stop()


async def test_from_nothing_known_to_an_installer_that_waits(rig: Rig) -> None:
    found = await rig.check()
    assert found.step is Step.FOUND
    assert found.offer is not None
    assert (found.offer.version, found.offer.kind, found.offer.file) == ("1.1.0", Kind.TAR, "t4t-linux-x86_64.tar.xz")
    assert found.offer.unpacked > 600_000
    assert not (rig.book.folder / FILES).exists()
    ready = await rig.download()
    assert (ready.step, ready.failure) == (Step.READY, None)
    assert ready.offer is not None
    assert installer(rig.book.folder / FILES, ready.offer).read_bytes() == rig.release.target().read_bytes()
    assert rig.told[-1] == (ready.offer.nbytes, ready.offer.nbytes)
    fetched = [name for name, _ in rig.server.asked if name.startswith("targets/")]
    assert (await rig.download()).step is Step.READY  # it is there: not fetched again
    assert [name for name, _ in rig.server.asked if name.startswith("targets/")] == fetched
    assert (await rig.check()).step is Step.READY


async def test_what_is_here_is_the_newest(rig: Rig) -> None:
    rig.here = Installation(kind=Kind.TAR, platform=PLATFORM, version="1.1.0", root=rig.here.root)
    assert (await rig.check()).step is Step.IDLE
    with pytest.raises(NothingNewer):
        await rig.download()
    rig.here = Installation(kind=Kind.TAR, platform=PLATFORM, version="1.2.0", root=rig.here.root)
    with pytest.raises(NothingNewer):  # nor backwards
        await rig.download()
    assert rig.book.record.failure is None
    rig.here = Installation(kind=Kind.TAR, platform="linux-riscv64", version="1.0.0", root=rig.here.root)
    with pytest.raises(NothingNewer):
        await rig.download()
    assert rig.book.record.offer is None


async def test_what_failed_or_is_skipped_is_taken_by_word_of_mouth_alone(rig: Rig) -> None:
    rig.book.change(bad=("1.1.0",), skipped="1.1.0")
    with pytest.raises(NothingNewer):
        await rig.download()
    ready = await rig.download(again=True)
    assert (ready.step, ready.bad, ready.skipped) == (Step.READY, (), "")


async def test_a_package_is_the_package_managers(rig: Rig) -> None:
    deb = rig.release.work / "t4t.deb"
    deb.write_bytes(b"package")
    rig.release.publish("1.1.0", archive=deb)
    rig.here = Installation(kind=Kind.DEB, platform=PLATFORM, version="1.0.0", root=rig.here.root)
    assert (await rig.check()).step is Step.IDLE
    with pytest.raises(UpdateNotOurs):
        await rig.download()


async def test_from_a_folder(rig: Rig) -> None:
    source = source_of(str(rig.release.folder), rig.http, Rate(RealClock()))
    assert isinstance(source, FolderSource)
    ready = await rig.download(source=source)
    assert ready.step is Step.READY
    assert (await rig.download(source=source)).step is Step.READY
    assert not rig.server.asked
    assert isinstance(source_of("https://example.org/updates", rig.http, Rate(RealClock())), WebSource)
    assert is_folder("C:\\stick")


async def test_a_root_that_was_changed_twice_meanwhile(rig: Rig, tmp_path: Path) -> None:
    """The program's first key is not the one that signs now; the chain leads there."""
    old, first = rig.release.keys, rig.release.root
    keys = shutil.copytree(old, tmp_path / "keys-now")
    rig.release.keys = keys
    for number, role in enumerate(("timestamp", "root")):
        new = tmp_path / f"new-{number}"
        make_key(new, role, PASSPHRASE if role == "root" else "")
        rig.release.repository.rotate(PASSPHRASE, [role], new, PASSPHRASE)
        shutil.copyfile(new / f"{role}.pem", keys / f"{role}.pem")
    rig.release.publish("1.2.0")
    rig.release.keys = old
    record = await rig.check(root=first)
    assert record.offer is not None
    assert record.offer.version == "1.2.0"


# --- what is not what was signed ---------------------------------------------------------------------------------------


async def test_a_tampered_installer(rig: Rig) -> None:
    target = rig.release.target()
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes(data)
    await rig.refused(UpdateUntrusted, rig.download)
    assert not list((rig.book.folder / FILES).glob("1.1.0*"))
    await rig.refused(UpdateUntrusted, lambda: rig.download(source=FolderSource(rig.release.folder)))
    target.write_bytes(data[:-1])
    await rig.refused(UpdateUntrusted, lambda: rig.download(source=FolderSource(rig.release.folder)))
    await rig.refused(UpdateUntrusted, rig.download)
    target.unlink()
    await rig.refused(FolderUnwritable, lambda: rig.download(source=FolderSource(rig.release.folder)))


@pytest.mark.parametrize("name", ["timestamp.json", "1.snapshot.json", "1.targets.json"])
async def test_tampered_lists(rig: Rig, name: str) -> None:
    path = rig.release.folder / "metadata" / name
    document = json.loads(path.read_bytes())
    document["signed"]["expires"] = "2099-01-01T00:00:00Z"
    path.write_text(json.dumps(document))
    await rig.refused(UpdateUntrusted, rig.check)
    path.write_bytes(b"not a list")
    await rig.refused(UpdateUntrusted, rig.check)
    path.write_bytes(b" " * 2_000_000)
    await rig.refused(UpdateUntrusted, lambda: rig.check(source=FolderSource(rig.release.folder)))


async def test_somebody_elses_keys(rig: Rig, tmp_path: Path) -> None:
    other = Release(tmp_path / "other")
    other.publish("9.0.0")
    rig.server.folder = other.folder
    await rig.refused(UpdateUntrusted, rig.check)


async def test_replayed_old_lists(rig: Rig, tmp_path: Path) -> None:
    """Whoever stands between shows yesterday's lists, so that a hole stays open."""
    metadata = rig.release.folder / "metadata"
    old = shutil.copytree(metadata, tmp_path / "old")
    rig.release.publish("1.2.0")
    assert (await rig.check()).step is Step.FOUND
    new_timestamp = (metadata / "timestamp.json").read_bytes()
    shutil.copyfile(old / "timestamp.json", metadata / "timestamp.json")
    await rig.refused(UpdateUntrusted, rig.check)
    (metadata / "timestamp.json").write_bytes(new_timestamp)
    rig.release.publish("1.3.0")
    shutil.copyfile(old / "1.snapshot.json", metadata / "3.snapshot.json")
    await rig.refused(UpdateUntrusted, rig.check)
    record = rig.book.record
    assert record.offer is not None
    assert record.offer.version == "1.2.0"  # what was known stays known


async def test_lists_that_are_too_old(rig: Rig) -> None:
    rig.release.time = dt.datetime.now(dt.UTC) - dt.timedelta(days=20)
    rig.release.repository.refresh()
    await rig.refused(UpdateExpired, rig.check)
    rig.release.time += dt.timedelta(days=19)
    rig.release.repository.refresh()
    assert (await rig.check()).failure is None


async def test_words_that_are_signed_and_make_no_sense(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.release.publish("one point two", archive=packed(rig.release.work, "1.2.0"))
    await rig.refused(UpdateUntrusted, rig.check)
    monkeypatch.setattr("update_repository.SUFFIXES", {".tar.xz": "punch cards"})
    rig.release.publish("1.2.0", archive=packed(rig.release.work, "1.2.0"))
    await rig.refused(UpdateUntrusted, rig.check)


# --- what breaks on the way --------------------------------------------------------------------------------------------


async def test_half_a_download_is_gone_on_with(rig: Rig) -> None:
    size = rig.release.target().stat().st_size
    rig.server.cut = size - 100_000
    await rig.refused(ServerFailed, rig.download)
    part = next((rig.book.folder / FILES).glob(".1.1.0-*.part"))
    assert 0 < part.stat().st_size < size
    had, rig.server.cut, rig.server.down = part.stat().st_size, 0, False
    assert (await rig.download()).step is Step.READY
    assert rig.server.asked[-1][1] == f"bytes={had}-"


async def test_the_server_is_down(rig: Rig) -> None:
    rig.server.down = True
    await rig.refused(ServerFailed, rig.check)
    rig.server.status = 401
    await rig.refused(RequestRefused, rig.check)
    await rig.server.stop()
    await rig.refused(Unreachable, rig.check)


async def test_the_server_has_no_lists(rig: Rig) -> None:
    shutil.rmtree(rig.release.folder)
    await rig.refused(UpdateUntrusted, rig.check)
    await rig.refused(UpdateUntrusted, lambda: rig.check(source=FolderSource(rig.release.folder)))


async def test_a_full_disk(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = shutil._ntuple_diskusage(10, 10, 0)
    monkeypatch.setattr("t4t.updates.source.shutil.disk_usage", lambda _folder: nothing)
    await rig.refused(NotEnoughDisk, rig.download)
    await rig.refused(NotEnoughDisk, lambda: rig.download(source=FolderSource(rig.release.folder)))
    monkeypatch.undo()
    assert (await rig.download()).step is Step.READY


async def test_a_folder_that_is_none(rig: Rig) -> None:
    (rig.release.folder / "metadata" / "timestamp.json").unlink()
    (rig.release.folder / "metadata" / "timestamp.json").mkdir()
    await rig.refused(FolderUnwritable, lambda: rig.check(source=FolderSource(rig.release.folder)))
    rig.book.folder.mkdir(exist_ok=True)
    shutil.rmtree(rig.book.folder / "metadata")
    (rig.book.folder / "metadata").write_text("in the way")
    await rig.refused(FolderUnwritable, rig.check)


async def test_not_while_somebody_is_at_work(rig: Rig) -> None:
    with rig.book.held(), pytest.raises(UpdateBusy):
        await rig.check()
    rig.book.change(step=Step.TRIAL)
    with pytest.raises(UpdateBusy):
        await rig.check()
    assert rig.book.record == Record(step=Step.TRIAL)


async def test_an_installer_that_was_changed_on_this_disk(rig: Rig) -> None:
    record = await rig.download()
    assert record.offer is not None
    path = installer(rig.book.folder / FILES, record.offer)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(UpdateUntrusted):
        installer(rig.book.folder / FILES, record.offer)
    assert not path.exists()
    assert (await rig.download()).step is Step.READY


async def test_older_installers_go_and_that_of_this_version_stays(rig: Rig) -> None:
    files = rig.book.folder / FILES
    files.mkdir(parents=True)
    for name in ("0.9.0-t4t-linux-x86_64.tar.xz", "1.0.0-t4t-linux-x86_64.tar.xz"):
        (files / name).write_bytes(b"old")
    await rig.download()
    assert sorted(path.name for path in files.iterdir()) == ["1.0.0-t4t-linux-x86_64.tar.xz", "1.1.0-t4t-linux-x86_64.tar.xz"]


# --- Windows: the way back is a setup program ----------------------------------------------------------------------------


async def test_the_setup_of_the_version_that_is_here_comes_along(rig: Rig) -> None:
    for version in ("1.0.0", "1.1.0"):
        setup = rig.release.work / f"{version}.exe"
        setup.write_bytes(f"setup of {version}".encode())
        rig.release.publish(version, platform="win32-AMD64", archive=setup)
    rig.here = Installation(kind=Kind.SETUP, platform="win32-AMD64", version="1.0.0", root=rig.here.root)
    assert (await rig.download()).step is Step.READY
    kept = rig.book.folder / FILES / "kept" / "1.0.0"
    assert kept.read_bytes() == b"setup of 1.0.0"
    asked = len(rig.server.asked)
    assert (await rig.download()).step is Step.READY
    assert not [name for name, _ in rig.server.asked[asked:] if "previous" in name]
    kept.unlink()
    rig.here = Installation(kind=Kind.SETUP, platform="win32-AMD64", version="0.9.0", root=rig.here.root)
    assert (await rig.download()).step is Step.READY
    assert not (rig.book.folder / FILES / "kept" / "0.9.0").exists()


def test_a_key_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    signer = make_key(tmp_path / "keys", "targets")
    assert sys.platform == "win32" or (tmp_path / "keys" / "targets.pem").stat().st_mode & 0o777 == 0o600
    assert load_key(tmp_path / "keys", "targets").public_key == signer.public_key
    with pytest.raises(FileExistsError):
        make_key(tmp_path / "keys", "targets")
