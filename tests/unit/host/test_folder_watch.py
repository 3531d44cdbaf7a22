"""Changes of a folder are told at once, for real."""

from __future__ import annotations

import asyncio
import ctypes
import os
from typing import TYPE_CHECKING

import pytest

from t4t.host import folder_watch as module
from t4t.host.folder_watch import InotifyWatch, NoFolderWatch, folder_watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Ear:
    """What was told."""

    def __init__(self) -> None:
        self.names: asyncio.Queue[str] = asyncio.Queue()

    async def hears(self, name: str) -> None:
        async with asyncio.timeout(10):
            while await self.names.get() != name:
                pass


@pytest.fixture
def make() -> Iterator[Callable[[], InotifyWatch]]:
    made: list[InotifyWatch] = []

    def start() -> InotifyWatch:
        watch = folder_watch()
        assert isinstance(watch, InotifyWatch)
        made.append(watch)
        return watch

    yield start
    assert all(watch._handle < 0 for watch in made)


async def test_what_is_written_and_moved_is_told(tmp_path: Path, make: Callable[[], InotifyWatch]) -> None:
    watch, ear, other = make(), Ear(), Ear()
    (tmp_path / "inner").mkdir()
    watch.add(tmp_path, ear.names.put_nowait)
    watch.add(tmp_path / "inner", other.names.put_nowait)
    (tmp_path / "written").write_text("x")
    await ear.hears("written")
    (tmp_path / "written").rename(tmp_path / "moved")
    await ear.hears("moved")
    (tmp_path / "inner" / "deep").write_text("x")
    await other.hears("deep")
    watch.remove(tmp_path)
    watch.remove(tmp_path)
    (tmp_path / "unheard").write_text("x")
    (tmp_path / "inner" / "again").write_text("x")
    await other.hears("again")
    assert ear.names.empty()
    watch.close()
    watch.close()


async def test_a_folder_that_goes_is_forgotten(tmp_path: Path, make: Callable[[], InotifyWatch]) -> None:
    watch, ear = make(), Ear()
    folder = tmp_path / "folder"
    folder.mkdir()
    watch.add(tmp_path, ear.names.put_nowait)
    watch.add(folder, lambda _: None)
    folder.rmdir()
    (tmp_path / "later").write_text("x")
    await ear.hears("later")
    watch.remove(folder)
    watch.add(tmp_path / "gone", lambda _: None)
    watch.close()


async def test_events_that_were_lost_mean_that_anything_may_have_changed(
    tmp_path: Path, make: Callable[[], InotifyWatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, ear = make(), Ear()
    watch.add(tmp_path, ear.names.put_nowait)
    monkeypatch.setattr(os, "read", lambda *_: module._EVENT.pack(-1, module._OVERFLOW, 0, 0) + module._EVENT.pack(99, 8, 0, 0))
    watch._read()
    assert ear.names.get_nowait() == ""

    def nothing(*_: object) -> bytes:
        raise BlockingIOError

    monkeypatch.setattr(os, "read", nothing)
    watch._read()
    monkeypatch.undo()
    watch.close()


async def test_a_system_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def inotify_init1(self, _flags: int) -> int:
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Full())
    watch = folder_watch()
    assert isinstance(watch, NoFolderWatch)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert isinstance(folder_watch(), NoFolderWatch)
    watch.add(tmp_path, lambda _: None)
    watch.remove(tmp_path)
    watch.close()
