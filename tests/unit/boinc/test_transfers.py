"""Transfers wait longer each time, never hammer, and give up only what can never be."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, cast

import pytest

from t4t.boinc.transfers import Transfers
from t4t.domain.backoff import DAY
from t4t.domain.errors import NotEnoughDisk, T4TError
from t4t.domain.project import FileInfo
from t4t.domain.project_errors import (
    AddressRefused,
    AllowanceUsed,
    FileWrongChecksum,
    FileWrongSize,
    RequestRefused,
    ServerFailed,
    SignatureMissing,
    UploadRefused,
)
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.scheduler_request import UploadedFile
    from t4t.project.signing import SigningKey
    from t4t.project.upload import Uploads
    from t4t.transfer.download import Downloads, Wanted

BUSY = ServerFailed(host="x", status=503)


class Road:
    """Fails as it is told, and notes when it was tried."""

    def __init__(self, clock: VirtualClock, errors: list[T4TError]) -> None:
        self.clock = clock
        self.errors = errors
        self.times: list[float] = []
        self.emptied = asyncio.Event()

    async def fetch(self, wanted: Wanted) -> str:
        self._try()
        return wanted.name

    async def send(self, info: FileInfo, _path: Path) -> UploadedFile:
        self._try()
        return cast("UploadedFile", info.name)

    def _try(self) -> None:
        self.times.append(self.clock.wall())
        if self.errors:
            error = self.errors.pop(0)
            if not self.errors:
                self.emptied.set()
            raise error


class Rig:
    def __init__(self, *errors: T4TError) -> None:
        self.clock = VirtualClock(idle_turns=4)
        self.road = Road(self.clock, list(errors))
        self.told: list[T4TError | None] = []
        self.transfers = Transfers(cast("Downloads", self.road), cast("Uploads", self.road), clock=self.clock, chance=lambda: 0.0, tell=self.told.append)

    async def fetch(self, name: str = "a", key: SigningKey | None = None) -> object:
        return await self.transfers.fetch(FileInfo(name=name, urls=("https://x/",)), key)

    async def send(self, name: str = "a") -> object:
        return await self.transfers.send(FileInfo(name=name), cast("Path", None))

    @property
    def waits(self) -> list[float]:
        return [later - earlier for earlier, later in itertools.pairwise(self.road.times)]


async def test_longer_each_time() -> None:
    rig = Rig(*[BUSY] * 9)
    assert await rig.fetch() == "a"
    assert rig.waits[:3] == [120, 240, 480]
    assert rig.waits == sorted(rig.waits)
    assert max(rig.waits) == 6 * 3600 / 2
    assert rig.told[-1] is None


async def test_one_download_for_all_who_want_it() -> None:
    rig = Rig(BUSY)
    assert set(await asyncio.gather(rig.fetch(), rig.fetch())) == {"a"}
    assert len(rig.road.times) == 2


async def test_after_three_failures_others_wait_too() -> None:
    rig = Rig(BUSY, BUSY, BUSY)
    first = asyncio.create_task(rig.fetch())
    await rig.road.emptied.wait()
    now = rig.clock.wall()
    assert await rig.fetch("b") == "b"
    assert rig.road.times[-1] - now >= 120 or rig.road.times[-2] - now >= 120
    assert await first == "a"


async def test_the_volunteer_need_not_wait() -> None:
    rig = Rig(*[BUSY] * 8)
    fetching = asyncio.create_task(rig.fetch())
    await rig.road.emptied.wait()
    await asyncio.sleep(0)
    before = rig.transfers.until
    assert before is not None
    rig.transfers.try_now()
    assert await fetching == "a"
    assert rig.clock.wall() < before
    assert rig.transfers.until is None


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (RequestRefused(host="x", status=404), 3),
        (FileWrongChecksum(file="a", expected="", actual=""), 3),
        (FileWrongSize(file="a", expected=1, actual=2), 12),
        (AddressRefused(address="http://x", reason=""), 1),
    ],
)
async def test_what_can_never_be(error: T4TError, tries: int) -> None:
    rig = Rig(*[error] * 99)
    with pytest.raises(type(error)):
        await rig.fetch()
    assert len(rig.road.times) == tries


async def test_after_ninety_days() -> None:
    rig = Rig(*[BUSY] * 9999)
    with pytest.raises(ServerFailed):
        await rig.fetch()
    assert 90 * DAY < rig.clock.wall() < 91 * DAY


async def test_room_comes_back_when_it_comes_back() -> None:
    rig = Rig(*[NotEnoughDisk(path="", needed_mib=2, free_mib=1), AllowanceUsed(limit_mib=1, days=1)] * 9)
    await rig.fetch()
    assert set(rig.waits) == {600}


async def test_uploads() -> None:
    rig = Rig(BUSY)
    assert await rig.send() == "a"
    refused = Rig(UploadRefused(file="a", message=""))
    with pytest.raises(UploadRefused):
        await refused.send()


async def test_an_unsigned_program_is_not_even_fetched() -> None:
    rig = Rig()
    with pytest.raises(SignatureMissing):
        await rig.fetch(key=cast("SigningKey", object()))
    assert rig.road.times == []


async def test_nobody_waits_for_what_ends() -> None:
    rig = Rig(*[BUSY] * 99)
    fetching = asyncio.create_task(rig.fetch())
    await asyncio.sleep(0)
    await rig.transfers.close()
    await asyncio.wait([fetching])
    assert fetching.cancelled()
