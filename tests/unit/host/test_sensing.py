"""The sensors together: how often they are asked, what is told, and one that hangs or fails."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.readings import Readings, Screen, Thermal
from t4t.host.clock import RealClock
from t4t.host.sensing.heat import Heat
from t4t.host.sensing.here import sensors
from t4t.host.sensing.macos import MacComputer, MacUser, full_screen
from t4t.host.sensing.programs import Programs
from t4t.host.sensing.sensing import Sensing
from t4t.host.sensing.sensor import Kind, wait_s
from t4t.host.sensing.space import Space
from t4t.host.sensing.windows import WindowsComputer, WindowsUser
from t4t.hypervisor.fake.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from t4t.host.sensing.macos import Bounds


class Hand:
    """A sensor that says what the test says."""

    def __init__(self, kind: Kind = Kind.USER, *, tells: bool = False, said: Readings | None = None) -> None:
        self.kind = kind
        self.tells = tells
        self.said: Readings | Exception = said or Readings()
        self.looks: list[float] = []
        self.clock: VirtualClock | None = None
        self.away: list[float] = []
        self.closed = False
        self.hangs: asyncio.Event | None = None
        self.looked = asyncio.Event()

    async def start(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def expect(self, away_after_s: float) -> None:
        self.away.append(away_after_s)

    async def look(self) -> Readings:
        assert self.clock is not None
        self.looks.append(self.clock.monotonic())
        self.looked.set()
        if self.hangs is not None:
            await self.hangs.wait()
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    async def close(self) -> None:
        self.closed = True


class Rig:
    def __init__(self, *hands: Hand) -> None:
        self.clock = VirtualClock()
        for hand in hands:
            hand.clock = self.clock
        self.told: list[Readings] = []
        self.sensing = Sensing(hands, self.clock, on_change=self.told.append)


@given(
    kind=st.sampled_from(Kind),
    idle=st.none() | st.floats(0, 1e5),
    locked=st.none() | st.booleans(),
    away=st.floats(60, 3600),
    working=st.booleans(),
    tells=st.booleans(),
)
def test_paces(kind: Kind, *, idle: float | None, locked: bool | None, away: float, working: bool, tells: bool) -> None:
    readings = Readings(idle_s=idle, locked=locked)
    wait = wait_s(kind, readings, working=working, tells=tells, away_after_s=away)
    assert 1.0 <= wait <= 300.0
    if not tells and working and kind is Kind.USER:
        assert wait <= 3.0, "who comes or fills the screen does not wait"
        assert (wait == 1.0) or readings.in_use(away_after_s=away) is not False
    if not tells and kind is Kind.USER and idle is not None and idle < away and locked is not True:
        assert wait <= max(1.0, away - idle), "it is seen when he counts as away"


async def test_the_user_who_was_away_is_looked_for_each_second_while_work_runs() -> None:
    user = Hand(said=Readings(idle_s=900.0))
    rig = Rig(user)
    async with rig.sensing.opened():
        assert rig.sensing.readings == Readings(idle_s=900.0)
        await rig.clock.sleep(29.5)
        assert user.looks == [0.0, 15.0]
        rig.sensing.work(runs=True)
        await rig.clock.sleep(4.0)
        assert user.looks == [0.0, 15.0, 29.5, 30.5, 31.5, 32.5, 33.5][: len(user.looks)]
        assert len(user.looks) >= 6
        user.said = Readings(idle_s=0.0)
        await rig.clock.sleep(1.5)
        assert rig.told[-1] == Readings(idle_s=0.0)
    assert user.closed


async def test_who_calls_is_looked_at_at_once() -> None:
    user, slow = Hand(tells=True, said=Readings(locked=False)), Hand(Kind.COMPUTER)
    rig = Rig(user, slow)
    async with rig.sensing.opened():
        await rig.clock.sleep(10.0)
        user.said = Readings(locked=True)
        user.changed()
        await rig.clock.sleep(0.1)
        assert rig.told == [Readings(locked=False), Readings(locked=True)]
        assert user.looks == [0.0, 10.0]
        assert slow.looks == [0.0]


async def test_looks_that_are_nearly_due_are_taken_along() -> None:
    one, other = Hand(Kind.PROGRAMS), Hand(Kind.COMPUTER)
    rig = Rig(one, other)
    async with rig.sensing.opened():
        rig.sensing.work(runs=True)
        await rig.clock.sleep(61.0)
        assert set(other.looks) <= set(one.looks), "no waking for one alone"


async def test_a_sensor_that_hangs_says_nothing_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("t4t.host.sensing.sensing._PATIENCE_S", 0.01)
    user, hung = Hand(tells=True, said=Readings(locked=False)), Hand(Kind.COMPUTER, said=Readings(free_disk_mib=9))
    hung.hangs = asyncio.Event()
    rig = Rig(user, hung)
    async with rig.sensing.opened():
        assert rig.sensing.readings == Readings(locked=False)
        await rig.clock.sleep(200.0)
        assert len(hung.looks) == 1
        hung.hangs.set()
        await rig.clock.sleep(1.0)
        assert rig.sensing.readings == Readings(locked=False, free_disk_mib=9)
        hung.hangs = asyncio.Event()
        hung.looked.clear()
        await hung.looked.wait()
    assert hung.closed


async def test_a_sensor_that_fails_is_told_of_once_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    broken, bug = Hand(said=Readings()), Hand()
    broken.said, bug.said = ConnectionError("no display"), ValueError("a bug")
    rig = Rig(broken, bug)
    async with rig.sensing.opened():
        rig.sensing.work(runs=True)
        await rig.clock.sleep(601.0)
        assert broken.looks == [0.0, 300.0, 600.0]
        broken.said = Readings(idle_s=1.0)
        await rig.clock.sleep(300.0)
        assert rig.sensing.readings == Readings(idle_s=1.0)
    assert [record.levelname for record in caplog.records] == ["INFO", "ERROR"]


async def test_another_time_until_away_is_told_to_all() -> None:
    user = Hand(tells=True, said=Readings(idle_s=100.0))
    rig = Rig(user)
    async with rig.sensing.opened():
        rig.sensing.away_after(60.0)
        rig.sensing.away_after(60.0)
        await rig.clock.sleep(0.1)
        assert user.away == [300.0, 60.0]
        assert len(user.looks) == 2


# --- the sensors -----------------------------------------------------------------------------------------------------


class Windows:
    """Windows' calls, by hand."""

    ticks: tuple[int, int] | None = (1000, 4000)
    flags: int | None = 1
    remote = False
    state: int | None = 5
    flag: int | None = 0
    cost: int | None = 1

    def input_ticks(self) -> tuple[int, int] | None:
        return self.ticks

    def session_flags(self) -> int | None:
        return self.flags

    def remote_session(self) -> bool:
        return self.remote

    def notification_state(self) -> int | None:
        return self.state

    def status_flag(self) -> int | None:
        return self.flag

    def connection_cost(self) -> int | None:
        return self.cost


async def test_windows() -> None:
    api = Windows()
    user, computer = WindowsUser(api), WindowsComputer(api)
    await user.start(lambda: None)
    user.expect(1.0)
    assert await user.look() == Readings(idle_s=3.0, locked=False, remote=False, screen=Screen.NOTHING, quiet=False)
    assert await computer.look() == Readings(saver=False, metered=False)
    api.ticks, api.flags, api.remote, api.state, api.flag, api.cost = (0xFFFFFF00, 0x100), 0, True, 3, 1, 2
    assert await user.look() == Readings(idle_s=0.512, locked=True, remote=True, screen=Screen.GAME, quiet=False)
    assert await computer.look() == Readings(saver=True, metered=True)
    api.ticks, api.flags, api.state, api.flag, api.cost = None, 0xFFFFFFFF, None, None, None
    assert await user.look() == Readings(remote=True)
    assert await computer.look() == Readings()
    api.state = 6
    assert (await user.look()).quiet is True
    api.state = 1
    assert (await user.look()).screen is None
    await user.close()


SCREEN: Bounds = (0.0, 0.0, 1440.0, 900.0)


class Mac:
    """MacOS' calls, by hand."""

    shown: Sequence[tuple[str, int, Bounds]] = (("Dock", 0, SCREEN), ("Menu", 24, SCREEN), ("Mail", 0, (0.0, 0.0, 700.0, 500.0)))
    heat: int | None = 0

    def idle_s(self) -> float | None:
        return 4.0

    def locked(self) -> bool | None:
        return False

    def windows(self) -> Sequence[tuple[str, int, Bounds]]:
        return self.shown

    def displays(self) -> Sequence[Bounds]:
        return [SCREEN]

    def thermal_state(self) -> int | None:
        return self.heat

    def low_power(self) -> bool | None:
        return True


async def test_macos() -> None:
    api = Mac()
    user, computer = MacUser(api), MacComputer(api)
    await user.start(lambda: None)
    user.expect(1.0)
    assert await user.look() == Readings(idle_s=4.0, locked=False, screen=Screen.NOTHING)
    assert await computer.look() == Readings(thermal=Thermal.NOMINAL, saver=True)
    api.shown, api.heat = [*api.shown, ("Keynote", 0, SCREEN)], None
    assert full_screen(api.windows(), api.displays()) == "Keynote"
    assert await user.look() == Readings(idle_s=4.0, locked=False, screen=Screen.FULL_SCREEN, screen_by="Keynote")
    assert (await computer.look()).thermal is None
    await user.close()


async def test_heat_is_the_processor_s(tmp_path: Path) -> None:
    for chip, name, values in (("hwmon0", "nvme", {1: 90_000}), ("hwmon1", "coretemp", {1: 50_000, 2: 71_500, 3: 250_000}), ("hwmon2", None, {})):
        (tmp_path / chip).mkdir()
        if name:
            (tmp_path / chip / "name").write_text(f"{name}\n", encoding="ascii")
        for number, value in values.items():
            (tmp_path / chip / f"temp{number}_input").write_text(f"{value}\n", encoding="ascii")
    heat = Heat(tmp_path)
    await heat.start(lambda: None)
    heat.expect(1.0)
    assert await heat.look() == Readings(temperature_c=71.5)
    for number in (1, 2, 3):
        (tmp_path / "hwmon1" / f"temp{number}_input").write_text("?", encoding="ascii")
    assert await heat.look() == Readings()
    await heat.close()
    none = Heat(tmp_path / "none")
    await none.start(lambda: None)
    assert await none.look() == Readings()


async def test_space_is_this_computer_s(tmp_path: Path) -> None:
    space = Space(tmp_path)
    await space.start(lambda: None)
    space.expect(1.0)
    said = await space.look()
    assert (said.free_memory_mib or 0) > 0
    assert (said.free_disk_mib or 0) > 0
    assert (await Space(tmp_path / "none").look()).free_disk_mib is None
    await space.close()


async def test_all_of_this_computer(tmp_path: Path) -> None:
    """Whatever this computer has, looking at it is no error."""
    async with Sensing(sensors(tmp_path, RealClock()), RealClock()).opened() as sensing:
        assert (sensing.readings.free_memory_mib or 0) > 0
        assert sensing.readings.programs == frozenset()


async def test_listed_programs_are_asked_of_the_real_processes() -> None:
    programs = Programs(listed=["python3", "no such program"])
    await programs.start(lambda: None)
    programs.expect(1.0)
    first = await programs.look()
    assert "no such program" not in (first.programs or ())
    name = next(iter(programs._names[pid] for pid in programs._followed))
    programs.list([name])
    assert (await programs.look()).programs == frozenset({name})
    await programs.close()
