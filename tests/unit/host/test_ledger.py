"""The ledger: a minute at a time, days by the clock on the wall, seldom on the disk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from t4t.domain.energy import FREE, Price
from t4t.domain.readings import Readings, Source, Watts
from t4t.host.energy import Book
from t4t.host.ledger import FILE, Ledger
from t4t.hypervisor.fake import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

METER = Readings(watts=Watts(watts=40.0, source=Source.RAPL), ours_percent=75.0, others_percent=25.0)
MIDNIGHT = 1_800_057_600.0  # 2027-01-16 00:00:00 UTC


class Life:
    """A computer that is as it is told to be."""

    def __init__(self) -> None:
        self.readings = METER
        self.computes = True
        self.moved = (1000, 100)
        self.price = Price(per_kwh=0.5, currency="EUR")


class CountingBook(Book):
    """Counts how often it is written."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.written = 0
        self.full = False

    def save(self) -> None:
        if self.full:
            raise OSError
        self.written += 1
        super().save()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=MIDNIGHT - 3600.0, idle_turns=40)


@pytest.fixture
def book(tmp_path: Path) -> CountingBook:
    return CountingBook(tmp_path / FILE)


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual hours would pass while a thread writes."""

    async def inline(work: Callable[[], None]) -> None:
        work()

    monkeypatch.setattr("t4t.host.ledger.to_the_end", inline)


def ledger_of(book: Book, life: Life, clock: VirtualClock) -> Ledger:
    return Ledger(book, life, clock, processor=lambda: "Ryzen 5 3600", cores=lambda: 6)


async def test_an_hour_of_work(book: CountingBook, clock: VirtualClock) -> None:
    life = Life()
    ledger = ledger_of(book, life, clock)
    async with ledger.kept():
        assert ledger.spent.power is None, "nobody has looked yet"
        await clock.sleep(61)
        before = ledger.spent
        assert before.power == Watts(watts=30.0, source=Source.RAPL)
        assert (before.day.day, before.day.kwh, before.month.day) == ("2027-01-15", 0.0, "2027-01")
        await clock.sleep(179)
        assert ledger.spent is before, "what changes each minute is not sent to all who look on"
        life.moved = (5000, 700)
        await clock.sleep(1560)
        assert book.written == 5, "each five minutes"
        assert ledger.spent.day.kwh > 0
    (day,) = Book(book._file).days
    assert (day.received, day.sent) == (4000, 600), "what moved before it was there is not counted again"
    assert day.kwh == pytest.approx(30.0 * 1800 / 3.6e6, rel=0.01), "30 of 40 W are ours"
    assert day.costs == {"EUR": pytest.approx(day.kwh * 0.5)}
    assert ledger.spent.day == day
    life.computes = False
    ledger._look()
    assert ledger.spent.power is None, "nothing works now"
    life.price = FREE
    assert ledger.spent.day.costs == {}, "a price that is not given is not shown"


async def test_nothing_is_ours_while_nothing_runs_or_nothing_is_known(book: CountingBook, clock: VirtualClock) -> None:
    life = Life()
    life.computes = False
    async with ledger_of(book, life, clock).kept():
        await clock.sleep(600)
        life.computes, life.readings = True, Readings()
        await clock.sleep(600)
    assert (book.days, book.written) == ([], 0), "and nothing is written"


async def test_where_there_is_no_meter_it_is_an_estimate(book: CountingBook, clock: VirtualClock) -> None:
    life = Life()
    life.readings = Readings(ours_percent=50.0)
    async with ledger_of(book, life, clock).kept():
        await clock.sleep(60)
    (day,) = book.days
    assert day.estimated
    assert day.kwh == pytest.approx(0.5 * 6 * 10.8 * 60 / 3.6e6, rel=0.05)


async def test_a_new_day_has_a_line_of_its_own(book: CountingBook, clock: VirtualClock) -> None:
    ledger = ledger_of(book, Life(), clock)
    async with ledger.kept():
        await clock.sleep(3600 + 1800)
        assert ledger.spent.day.day == "2027-01-16"
    assert [day.day for day in book.days] == ["2027-01-15", "2027-01-16"]
    assert ledger.spent.month.kwh == pytest.approx(sum(day.kwh for day in book.days))


async def test_sleep_is_not_counted(book: CountingBook, clock: VirtualClock) -> None:
    async with ledger_of(book, Life(), clock).kept():
        await clock.sleep(120)
        clock.suspend(36_000)
        await clock.sleep(120)
    assert sum(day.kwh for day in book.days) == pytest.approx(30.0 * 240 / 3.6e6, rel=0.05)


async def test_a_full_disk_loses_nothing_that_is_still_counted(book: CountingBook, clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    book.full = True
    async with ledger_of(book, Life(), clock).kept():
        await clock.sleep(900)
        assert "not written down" in caplog.text
        book.full = False
    assert Book(book._file).days[0].kwh == pytest.approx(30.0 * 900 / 3.6e6, rel=0.02)


async def test_a_bug_in_it_ends_nothing(book: CountingBook, clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    life = Life()
    ledger = ledger_of(book, life, clock)
    async with ledger.kept():
        del life.computes
        await clock.sleep(120)
        assert "a bug in the ledger" in caplog.text
        life.computes = True
        await clock.sleep(120)
        await asyncio.sleep(0)
    assert book.days[0].kwh > 0
