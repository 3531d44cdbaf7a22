"""Transfers wait longer each time, never hammer, and give up only what can never be."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from t4t.boinc.transfers import Transfers, Wait
from t4t.domain.backoff import DAY
from t4t.domain.errors import FolderUnwritable, NotEnoughDisk, T4TError
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
from t4t.domain.scheduler_request import UploadedFile
from t4t.hypervisor.fake import VirtualClock
from t4t.transfer.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        self.comes: tuple[int, ...] = ()

    async def fetch(self, wanted: Wanted, progress: Callable[[int], None]) -> str:
        self._try()
        for received in self.comes:
            progress(received)
            await self.clock.sleep(2.0)
        return wanted.name

    async def send(self, info: FileInfo, _path: Path) -> UploadedFile:
        self._try()
        await self.clock.sleep(4.0)
        return UploadedFile(name=info.name, nbytes=1000, max_nbytes=0, md5_cksum="", upload_url="")

    def _try(self) -> None:
        self.times.append(self.clock.wall())
        if self.errors:
            raise self.errors.pop(0)


class Kept:
    """What is written down; nothing can be while the disk is ``full``."""

    def __init__(self) -> None:
        self.waits: dict[str, Wait] = {}
        self.moves: list[tuple[int, float, bool]] = []
        self.full = False

    def wait_of(self, name: str) -> Wait | None:
        return self.waits.get(name)

    def put_wait(self, name: str, wait: Wait | None) -> None:
        if self.full:
            raise FolderUnwritable(path="", reason="full")
        self.waits = {one: found for one, found in (self.waits | {name: wait}).items() if found is not None}

    def moved(self, nbytes: int, seconds: float, *, up: bool) -> None:
        self.moves.append((nbytes, seconds, up))


class Rig:
    def __init__(self, *errors: T4TError, kept: Kept | None = None, start: float = 1.8e9) -> None:
        self.clock = VirtualClock(start=start, idle_turns=4)
        self.kept = kept or Kept()
        self.road = Road(self.clock, list(errors))
        self.told: list[T4TError | None] = []
        self.gate = Gate()
        self.failed = asyncio.Event()
        """All errors came."""
        self.transfers = Transfers(
            cast("Downloads", self.road),
            cast("Uploads", self.road),
            clock=self.clock,
            chance=lambda: 0.0,
            tell=self._tell,
            record=self.kept,
            gate=self.gate,
        )

    def _tell(self, error: T4TError | None) -> None:
        self.told.append(error)
        if error is not None and not self.road.errors:
            self.failed.set()

    async def fetch(self, name: str = "a", key: SigningKey | None = None) -> object:
        return await self.transfers.fetch(FileInfo(name=name, urls=("https://x/",)), key)

    async def send(self, name: str = "a") -> object:
        return (await self.transfers.send(FileInfo(name=name), cast("Path", None))).name

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


async def test_nothing_goes_while_the_gate_is_closed_and_waiting_there_is_no_failing() -> None:
    rig = Rig(BUSY)
    rig.gate.let(go=False)
    fetching, sending = asyncio.create_task(rig.fetch()), asyncio.create_task(rig.send("b"))
    await rig.clock.sleep(20 * DAY)
    assert rig.road.times == []
    rig.gate.let(go=True)
    assert [await fetching, await sending] == ["a", "b"], "after more than the time after which a transfer is given up"
    assert len(rig.road.times) == 3


async def test_what_is_under_way_when_the_gate_closes_goes_again_when_it_opens() -> None:
    rig = Rig()
    sending = asyncio.create_task(rig.send())
    await rig.clock.sleep(1)
    assert len(rig.road.times) == 1
    rig.gate.let(go=False)
    await rig.clock.sleep(3600)
    assert (len(rig.road.times), sending.done(), rig.kept.waits) == (1, False, {})
    rig.gate.let(go=True)
    assert await sending == "a"
    assert rig.waits == [3601]
    assert rig.told == [None], "it never failed"


async def test_one_download_for_all_who_want_it() -> None:
    rig = Rig(BUSY)
    assert set(await asyncio.gather(rig.fetch(), rig.fetch())) == {"a"}
    assert len(rig.road.times) == 2


async def test_after_three_failures_others_wait_too() -> None:
    rig = Rig(BUSY, BUSY, BUSY)
    first = asyncio.create_task(rig.fetch())
    await rig.failed.wait()
    now = rig.clock.wall()
    assert await rig.fetch("b") == "b"
    assert rig.road.times[-1] - now >= 120 or rig.road.times[-2] - now >= 120
    assert await first == "a"


async def test_the_volunteer_need_not_wait() -> None:
    rig = Rig(*[BUSY] * 8)
    fetching = asyncio.create_task(rig.fetch())
    await rig.failed.wait()
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
    assert 90 * DAY < rig.clock.wall() - 1.8e9 < 91 * DAY
    assert rig.kept.waits == {}


async def test_room_comes_back_when_it_comes_back() -> None:
    rig = Rig(*[NotEnoughDisk(path="", needed_mib=2, free_mib=1), AllowanceUsed(limit_mib=1, days=1)] * 9)
    await rig.fetch()
    assert set(rig.waits) == {600}


async def stopped_after(errors: int) -> Kept:
    """What is left when the program ends while a download waits after so many failures."""
    rig = Rig(*[BUSY] * errors)
    fetching = asyncio.create_task(rig.fetch())
    await rig.failed.wait()
    await rig.transfers.close()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    return rig.kept


FRESH = Wait(failures=0, wrong=0, sizes=0, begun=0.0, until=0.0)


async def test_another_start_makes_nobody_impatient() -> None:
    kept = await stopped_after(3)
    left = kept.waits["a"]
    assert (left.failures, left.begun) == (3, 1.8e9)
    rig = Rig(BUSY, kept=kept, start=left.until - 100)
    assert await rig.fetch() == "a"
    assert rig.road.times[0] == left.until
    assert rig.waits == [960]  # the fourth failure
    assert kept.waits == {}


async def test_a_clock_that_was_set_back_silences_nobody() -> None:
    kept = await stopped_after(1)
    rig = Rig(kept=kept, start=1.7e9)
    assert await rig.fetch() == "a"
    assert rig.waits == []
    kept.waits["a"] = msgspec.structs.replace(FRESH, failures=1, until=1.9e9)
    rig = Rig(kept=kept)
    await rig.fetch()
    assert rig.road.times == [1.8e9]


async def test_what_can_not_be_written_down_goes_on_all_the_same() -> None:
    rig = Rig(BUSY)
    rig.kept.full = True
    assert await rig.fetch() == "a"


async def test_the_speed_is_measured() -> None:
    rig = Rig()
    rig.road.comes = (500, 1500, 3500)
    await rig.fetch()
    await rig.send()
    assert rig.kept.moves == [(3000, 4.0, False), (1000, 4.0, True)]


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
