"""An agent whose program a package manager exchanges under it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from support.update_rig import PLATFORM, tree
from t4t.bootstrap.renewing import Renewing
from t4t.domain.app_update import Kind
from t4t.updates.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = ("run", "--hypervisor", "fake")


class Rig:
    """One copy of a package, and an agent of it; after each look ``looks`` has another thing happen."""

    def __init__(self, folder: Path, kind: Kind = Kind.DEB) -> None:
        self.root = tree(folder / "t4t", "1.0.0", kind=kind)
        self.here = Installation(kind=kind, platform=PLATFORM, version="1.0.0", root=self.root)
        self.became: list[tuple[Path, tuple[str, ...]]] = []
        self.looks: list[Callable[[], object]] = []
        self.ended = self.settled = False
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        assert seconds == 10.0
        await asyncio.sleep(0)
        if not self.looks:
            self.over.set()
            await asyncio.Event().wait()
        self.looks.pop(0)()

    def end(self) -> None:
        self.ended = True
        self.over.set()

    def upgrade(self) -> None:
        """As dpkg does it: the new file gets the old one's name."""
        new = self.root / "t4t.dpkg-new"
        new.write_text("#!/bin/sh\nexit 1\n")
        new.replace(self.root / "t4t")

    async def run(self, *words: str) -> Renewing:
        made = Renewing(self, words=words or WORDS, here=self.here, become=lambda *how: self.became.append(how))  # type: ignore[arg-type]  # the part of a clock that it uses
        async with made.kept(settled=lambda: self.settled, end=self.end):
            await self.over.wait()
        return made


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def nothing() -> None:
    """Time goes by."""


def settle(rig: Rig) -> None:
    rig.settled = True


async def test_it_becomes_the_new_one_at_a_safe_point(rig: Rig) -> None:
    rig.looks = [nothing, rig.upgrade, nothing, nothing, lambda: settle(rig)]
    made = await rig.run()
    assert (rig.ended, rig.looks) == (True, [])
    made.take_over()
    assert rig.became == [(rig.root / "t4t", WORDS)]


async def test_not_in_the_middle_of_unpacking(rig: Rig) -> None:
    settle(rig)
    marker = rig.root / "_internal/installation.json"
    said = marker.read_text()
    rig.looks = [rig.upgrade, rig.upgrade, marker.unlink, nothing, lambda: marker.write_text(said)]
    made = await rig.run()
    assert (rig.ended, rig.looks) == (True, [])
    made.take_over()
    assert rig.became


async def test_a_package_that_was_removed_makes_nothing_begin(rig: Rig) -> None:
    settle(rig)
    rig.looks = [(rig.root / "t4t").unlink, nothing, nothing]
    made = await rig.run()
    made.take_over()
    assert (rig.ended, rig.became) == (False, [])


async def test_who_wants_it_to_end_means_it(rig: Rig) -> None:
    settle(rig)
    rig.looks = [rig.upgrade, nothing]
    made = await rig.run()
    assert rig.ended
    made.forget()
    made.take_over()
    assert not rig.became


@pytest.mark.parametrize("words", [("run", "--passphrase-stdin"), ("run", "--once")])
async def test_who_could_not_come_back_stays(rig: Rig, words: tuple[str, ...]) -> None:
    rig.over.set()
    made = await rig.run(*words)
    made.take_over()
    assert not rig.became


async def test_other_copies_exchange_themselves(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Kind.TAR)
    rig.over.set()
    rig.looks = [lambda: pytest.fail("nobody looks")]
    await rig.run()


async def test_a_source_tree_is_nobodys_business(rig: Rig) -> None:
    made = Renewing(rig)  # type: ignore[arg-type]  # as above
    async with made.kept(settled=lambda: True, end=rig.end):
        pass
    made.take_over()
    assert not rig.became
