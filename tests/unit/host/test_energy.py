"""The meters in folders as the kernel has them, and the book of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.domain.energy import Day, Price
from t4t.domain.readings import Readings, Source, Watts
from t4t.host.energy import Book, Meter, discharge_w, our_watts, processor_name, rapl, real_cores

if TYPE_CHECKING:
    from pathlib import Path


def put(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name).write_text(f"{value}\n", encoding="ascii")


def test_counters_of_packages_and_not_of_their_parts(tmp_path: Path) -> None:
    put(tmp_path / "intel-rapl:0", energy_uj=5, max_energy_range_uj=99)
    put(tmp_path / "intel-rapl:0:0", energy_uj=4, max_energy_range_uj=99)
    put(tmp_path / "intel-rapl:1", energy_uj="?", max_energy_range_uj=99)
    put(tmp_path / "intel-rapl:2", max_energy_range_uj=99)
    assert rapl(tmp_path) == {"intel-rapl:0": (5, 99)}
    assert rapl(tmp_path / "none") == {}


def test_batteries_that_discharge(tmp_path: Path) -> None:
    assert discharge_w(tmp_path / "none") is None
    put(tmp_path / "AC", type="Mains", online=0)
    put(tmp_path / "BAT0", type="Battery", status="Discharging", power_now=-8_000_000)
    put(tmp_path / "BAT1", type="Battery", status="Discharging", current_now=500_000, voltage_now=12_000_000)
    assert discharge_w(tmp_path) == pytest.approx(14.0)
    put(tmp_path / "BAT0", status="Charging")
    put(tmp_path / "BAT1", current_now="?")
    assert discharge_w(tmp_path) is None


async def test_the_processor_s_meter_and_then_the_battery_s() -> None:
    counters, battery, now = {"p": (0, 10**9)}, [None, 21.0], [0.0]
    meter = Meter(counters=lambda: dict(counters), battery=lambda: battery[0], monotonic=lambda: now[0])
    await meter.start(lambda: None)
    meter.expect(1.0)
    assert await meter.look() == Readings()
    now[0], counters["p"] = 60.0, (600_000_000, 10**9)
    assert await meter.look() == Readings(watts=Watts(watts=10.0, source=Source.RAPL))
    counters.clear()
    battery[0] = 21.0
    now[0] = 120.0
    assert await meter.look() == Readings(watts=Watts(watts=21.0, source=Source.BATTERY))
    await meter.close()


async def test_this_computer_s_own_meters() -> None:
    said = await Meter().look()
    assert said.watts is None or said.watts.watts > 0
    assert real_cores() >= 1


def test_what_is_ours() -> None:
    meter = Watts(watts=40.0, source=Source.RAPL)
    assert our_watts(Readings(watts=meter), processor="", cores=4) is None
    assert our_watts(Readings(watts=meter, ours_percent=30.0, others_percent=10.0), processor="", cores=4) == Watts(watts=30.0, source=Source.RAPL)
    assert our_watts(Readings(ours_percent=50.0), processor="Ryzen 5 3600", cores=6) == Watts(watts=0.5 * 6 * 10.8, source=Source.ESTIMATE)


def test_the_processor_s_name(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: A Fine One @ 3 GHz\n", encoding="ascii")
    assert processor_name(tmp_path / "cpuinfo") == "A Fine One @ 3 GHz"
    assert isinstance(processor_name(tmp_path / "none"), str)


def test_the_book_of_days(tmp_path: Path) -> None:
    file = tmp_path / "days.json"
    book = Book(file)
    book.count("2026-11-22", Watts(watts=100.0, source=Source.RAPL), 36.0, price=Price(per_kwh=0.5, currency="EUR"))
    book.move("2026-11-23", received=7, sent=3)
    book.save()
    again = Book(file)
    assert again.days == book.days
    assert again.day("2026-11-22").kwh == pytest.approx(0.001)
    assert again.day("2026-11-23") == Day(day="2026-11-23", received=7, sent=3)
    assert again.day("2026-11-24") == Day(day="2026-11-24")
    for number in range(900):
        again.move(f"{1000 + number}-01-01", sent=1)
    again.save()
    assert len(Book(file).days) == 800
    assert Book(file).days[-1].day == "2026-11-23"
    file.write_text("[{", encoding="ascii")
    assert Book(file).days == []
