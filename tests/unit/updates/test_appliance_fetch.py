"""The reference appliance from where updates come, with an archive that the release's own script packed and signed, from a real server or a folder."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import random
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from pack_appliance import CONFIG, MANIFEST, SOURCES, pack
from update_repository import Appliance

from support.update_rig import Release, Server, packed
from t4t.bootstrap.services import Services
from t4t.cli import arguments, verbs
from t4t.domain.errors import FolderUnwritable, NotEnoughDisk
from t4t.domain.project_errors import Unreachable
from t4t.domain.update_errors import ApplianceNotOffered, UpdateBusy, UpdatesNotSetUp, UpdateUntrusted
from t4t.host.clock import RealClock
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate
from t4t.updates import appliance as fetching
from t4t.updates import installation
from t4t.updates.appliance import ApplianceFetching, architecture, whole
from t4t.updates.book import Book
from t4t.updates.source import FolderSource, WebSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.storage import appliance

NAMES = ("t4t-appliance.raw", "t4t-appliance.vdi", "t4t-appliance.iso", "vmlinuz")


def built(folder: Path, version: str = "abc", **changes: str) -> Path:
    """A folder as the build leaves it, but small; ``changes``: what its manifest says instead of the truth."""
    (folder / "tree").mkdir(parents=True)
    facts = {}
    for name in NAMES:
        data = random.Random(f"{name} {version}").randbytes(200_000)  # noqa: S311 - noise that does not compress
        (folder / name).write_bytes(data)
        facts[name] = {"sha256": changes.get(name) or hashlib.sha256(data).hexdigest(), "size": len(data)}
    (folder / CONFIG).write_text("CONFIG_64BIT=y\n", encoding="ascii")
    parts = {"busybox-static": "1:1.35", "pythia8mc": "8.317.2"}
    manifest = {"version": version, "architecture": "x86_64", "kernel": "6.1.1-t4t", "pythia": "8.317.2", "built_from": parts, "files": facts}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="ascii")
    return folder


class Rig:
    """A volunteer's computer without an appliance, and the project's server, which has one."""

    def __init__(self, folder: Path, release: Release, server: Server) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.place = self.data / "appliance"
        self.release = release
        self.server = server
        self.http = Http("t4t/test", timeouts=Timeouts(connect=20, silence=20, exchange=20))
        self.told: list[tuple[int, int]] = []

    def publish(self, version: str = "abc", **changes: str) -> Path:
        archive = pack(built(self.folder / f"built-{version}", version, **changes), self.folder / f"packed-{version}", preset=0)
        self.release.repository.publish("1.0.0", [Appliance(path=archive)])
        return archive

    async def fetch(self, *, folder: bool = False) -> appliance.Appliance:
        source = FolderSource(self.release.folder) if folder else WebSource(self.http, self.server.address, Rate(RealClock()))
        one = ApplianceFetching(self.data, self.place, source=source, root=self.release.root)
        return await one.fetch(lambda done, size: self.told.append((done, size)))

    def left(self) -> list[str]:
        """What lies about beside the appliance."""
        return sorted(path.name for path in (*self.data.glob(".appliance*"), *(self.data / "updates" / fetching.FILES).glob("*")))


@pytest.fixture(autouse=True)
def _of_this_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    release = Release(tmp_path / "release")
    release.publish("1.0.0")
    server = await Server(release.folder).start()
    rig = Rig(tmp_path, release, server)
    yield rig
    await rig.http.close()
    await server.stop()


@pytest.mark.parametrize("folder", [False, True])
async def test_it_comes_whole_and_once(rig: Rig, *, folder: bool) -> None:
    archive = rig.publish()
    found = await rig.fetch(folder=folder)
    assert (found.folder, found.manifest.version) == (rig.place, "abc")
    assert whole(rig.place) is not None
    assert sorted(path.name for path in rig.place.iterdir()) == sorted((*NAMES, CONFIG, MANIFEST, SOURCES))
    assert rig.told[-1] == (archive.stat().st_size, archive.stat().st_size)
    assert rig.left() == []
    rig.told.clear()
    await rig.fetch(folder=folder)
    assert rig.told == []  # it is here


async def test_another_version_or_a_damaged_one_is_replaced(rig: Rig) -> None:
    rig.publish("abc")
    await rig.fetch()
    (rig.place / "vmlinuz").write_bytes(b"broken")
    assert (await rig.fetch()).verified("vmlinuz").stat().st_size > 10
    rig.publish("def")
    assert (await rig.fetch()).manifest.version == "def"
    assert whole(rig.place) is not None
    assert rig.left() == []


async def test_a_download_that_breaks_off_goes_on(rig: Rig) -> None:
    archive = rig.publish()
    rig.server.cut = archive.stat().st_size // 2
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which of the network's errors it is depends on the moment
        await rig.fetch()
    assert not isinstance(caught.value, AssertionError)
    assert not rig.place.exists()
    rig.server.cut, rig.server.down = 0, False
    assert (await rig.fetch()).manifest.version == "abc"
    assert any(asked and name.startswith("targets/") for name, asked in rig.server.asked), "from where it broke off"
    assert rig.left() == []


async def test_what_was_changed_on_the_way_is_refused(rig: Rig) -> None:
    rig.publish()
    place = rig.release.target("appliance-x86_64.tar.xz")
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(data)
    with pytest.raises(UpdateUntrusted):
        await rig.fetch()
    assert not rig.place.exists()


async def test_an_archive_that_contradicts_itself_never_takes_the_old_ones_place(rig: Rig) -> None:
    rig.publish("abc")
    await rig.fetch()
    rig.publish("def", vmlinuz="00" * 32)
    with pytest.raises(UpdateUntrusted):
        await rig.fetch()
    found = whole(rig.place)
    assert found is not None
    assert found.manifest.version == "abc"


@pytest.mark.parametrize("data", [b"no archive", lzma.compress(b"no archive either")])
async def test_what_is_no_archive(rig: Rig, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    file = rig.folder / "appliance.tar.xz"
    file.write_bytes(data)
    monkeypatch.setattr(Appliance, "name", "appliance-x86_64.tar.xz")
    monkeypatch.setattr(Appliance, "signed", lambda *_one, **_how: {"version": "abc"})
    rig.release.repository.publish("1.0.0", [Appliance(path=file)])
    with pytest.raises(UpdateUntrusted):
        await rig.fetch()
    assert not rig.place.exists()


async def test_nothing_in_it_leads_elsewhere(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    file = rig.folder / "appliance.tar.xz"
    with tarfile.open(file, "w:xz") as tar:
        entry = tarfile.TarInfo("../outside")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    monkeypatch.setattr(Appliance, "name", "appliance-x86_64.tar.xz")
    monkeypatch.setattr(Appliance, "signed", lambda *_one, **_how: {"version": "abc"})
    rig.release.repository.publish("1.0.0", [Appliance(path=file)])
    with pytest.raises(UpdateUntrusted):
        await rig.fetch()
    assert not list(rig.folder.rglob("outside"))


@pytest.mark.parametrize("free", [10, 300 << 20])
async def test_no_room(rig: Rig, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.publish()
    usage = shutil.disk_usage(rig.folder)._replace(free=free)
    monkeypatch.setattr("t4t.updates.appliance.shutil.disk_usage", lambda _folder: usage)
    monkeypatch.setattr("t4t.updates.appliance._RESERVE_MIB", 1000)
    with pytest.raises(NotEnoughDisk):
        await rig.fetch()
    assert not rig.place.exists()


async def test_a_folder_that_takes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.publish()
    (rig.data / "updates").mkdir(parents=True)
    (rig.data / "updates" / fetching.FILES).write_text("in the way")
    with pytest.raises(FolderUnwritable):
        await rig.fetch()
    (rig.data / "updates" / fetching.FILES).unlink()
    monkeypatch.setattr("t4t.updates.appliance.sync_folder", lambda _folder: (_ for _ in ()).throw(OSError(5, "broken")))
    with pytest.raises(FolderUnwritable):
        await rig.fetch()


async def test_nobody_has_one_for_this_computer(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ApplianceNotOffered):
        await rig.fetch()
    rig.publish()
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    with pytest.raises(ApplianceNotOffered):
        await rig.fetch()
    rig.server.address = "http://127.0.0.1:9"
    with pytest.raises(Unreachable):
        await rig.fetch()


async def test_one_at_a_time(rig: Rig) -> None:
    with Book(rig.data).held(), pytest.raises(UpdateBusy):
        await rig.fetch()


async def test_what_is_left_of_others_goes(rig: Rig) -> None:
    rig.publish()
    files = rig.data / "updates" / fetching.FILES
    files.mkdir(parents=True)
    (files / ".old-appliance-x86_64.tar.xz.part").write_bytes(b"half")
    for name in (".appliance.new", ".appliance.old"):
        (rig.data / name).mkdir()
    await rig.fetch()
    assert rig.left() == []


def test_windows_calls_it_otherwise() -> None:
    assert (architecture(), architecture("AMD64")) == ("x86_64", "x86_64")


def test_two_packings_are_the_same_and_tell_where_the_sources_are(tmp_path: Path) -> None:
    folder = built(tmp_path / "built")
    one, other = (pack(folder, tmp_path / name, preset=0) for name in ("a", "b"))
    assert one.read_bytes() == other.read_bytes()
    with tarfile.open(one) as tar:
        assert tar.getnames()[-1] == "t4t-appliance.iso", "the largest, made of the same, comes last"
        sources = tar.extractfile(SOURCES)
        assert sources is not None
        text = sources.read().decode()
    assert "busybox-static 1:1.35" in text
    assert "three years" in text


class Verbs:
    """The verb, in this process, of a copy that knows where to ask."""

    def __init__(self, rig: Rig, patch: pytest.MonkeyPatch) -> None:
        place = rig.folder / "resources"
        place.mkdir()
        (place / "root.json").write_bytes(rig.release.root)
        patch.setattr(installation, "resource_folder", lambda _name: place)
        patch.delenv("T4T_APPLIANCE", raising=False)
        self.data = rig.data

    def run(self, *words: str) -> int:
        return verbs.run(arguments.parser().parse_args(["--data-dir", str(self.data), *words]), Services(self.data))


def test_the_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    release = Release(tmp_path / "release")
    rig = Rig(tmp_path, release, Server(release.folder))
    release.publish("1.0.0", archive=packed(tmp_path, "1.0.0"))
    rig.publish()
    verb = Verbs(rig, monkeypatch)
    with pytest.raises(UpdatesNotSetUp):
        verb.run("appliance", "fetch")
    assert verb.run("--json", "appliance", "fetch", "--from", str(release.folder)) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (told["path"], told["version"]) == (str(rig.place), "abc")
    assert verb.run("appliance", "fetch", "--from", str(release.folder)) == 0
    assert "8.317.2" in capsys.readouterr().out
    assert verb.run("appliance", "info") == 0
