"""Windows: what each message means, and what is done about it; the window itself is tested under wine and on Windows."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.host_doubles import SECONDS, FedByHand
from t4t.domain.host_events import (
    AboutToSleep,
    ClockJumped,
    Ending,
    EventKind,
    Power,
    PowerChanged,
    SessionEndCancelled,
    SessionEnding,
    UserAway,
    UserBack,
    Woke,
)
from t4t.host.session_end import messages as m
from t4t.host.session_end.messages import News, Told, decode
from t4t.host.session_end.windows import END_SECONDS, SLEEP_SECONDS, WindowEvents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

unhurried = settings(deadline=None)
LOGOFF_AS_NEGATIVE = -0x80000000
TABLE = [
    (m.WM_QUERYENDSESSION, 0, 0, Told(news=News.END_ASKED, ending=Ending.SHUTDOWN)),
    (m.WM_QUERYENDSESSION, 0, m.ENDSESSION_LOGOFF, Told(news=News.END_ASKED, ending=Ending.LOG_OFF)),
    (m.WM_QUERYENDSESSION, 0, LOGOFF_AS_NEGATIVE, Told(news=News.END_ASKED, ending=Ending.LOG_OFF)),
    (m.WM_QUERYENDSESSION, 0, m.ENDSESSION_CLOSEAPP, Told(news=News.END_ASKED, ending=Ending.CLOSE)),
    (m.WM_QUERYENDSESSION, 0, m.ENDSESSION_CRITICAL, Told(news=News.END_ASKED, ending=Ending.SHUTDOWN)),
    (m.WM_QUERYENDSESSION, 0, m.ENDSESSION_CRITICAL | m.ENDSESSION_LOGOFF, Told(news=News.END_ASKED, ending=Ending.LOG_OFF)),
    (m.WM_QUERYENDSESSION, 0, m.ENDSESSION_CLOSEAPP | m.ENDSESSION_LOGOFF, Told(news=News.END_ASKED, ending=Ending.LOG_OFF)),
    (m.WM_ENDSESSION, 1, 0, Told(news=News.ENDS, ending=Ending.SHUTDOWN)),
    (m.WM_ENDSESSION, 1, m.ENDSESSION_LOGOFF, Told(news=News.ENDS, ending=Ending.LOG_OFF)),
    (m.WM_ENDSESSION, 1, m.ENDSESSION_CLOSEAPP, Told(news=News.ENDS, ending=Ending.CLOSE)),
    (m.WM_ENDSESSION, 0, 0, Told(news=News.END_CANCELLED)),
    (m.WM_ENDSESSION, 0, m.ENDSESSION_LOGOFF, Told(news=News.END_CANCELLED)),
    (m.WM_TIMECHANGE, 0, 0, Told(news=News.CLOCK)),
    (m.WM_POWERBROADCAST, m.PBT_APMSUSPEND, 0, Told(news=News.SLEEPS)),
    (m.WM_POWERBROADCAST, m.PBT_APMRESUMEAUTOMATIC, 0, Told(news=News.WAKES)),
    (m.WM_POWERBROADCAST, m.PBT_APMRESUMESUSPEND, 0, Told(news=News.WAKES)),
    (m.WM_POWERBROADCAST, m.PBT_APMRESUMECRITICAL, 0, Told(news=News.WAKES)),
    (m.WM_POWERBROADCAST, m.PBT_APMPOWERSTATUSCHANGE, 0, Told(news=News.POWER)),
    (m.WM_POWERBROADCAST, m.PBT_POWERSETTINGCHANGE, 12345, Told(news=News.POWER)),
    (m.WM_POWERBROADCAST, 0x0B, 0, None),
    (m.WM_WTSSESSION_CHANGE, m.WTS_CONSOLE_CONNECT, 1, Told(news=News.BACK)),
    (m.WM_WTSSESSION_CHANGE, m.WTS_REMOTE_CONNECT, 1, Told(news=News.BACK)),
    (m.WM_WTSSESSION_CHANGE, m.WTS_CONSOLE_DISCONNECT, 1, Told(news=News.AWAY)),
    (m.WM_WTSSESSION_CHANGE, m.WTS_REMOTE_DISCONNECT, 1, Told(news=News.AWAY)),
    (m.WM_WTSSESSION_CHANGE, 7, 1, None),  # locked: the screen only
    (m.WM_DESTROY, 0, 0, None),
    (0x000F, 0, 0, None),
]


@pytest.mark.parametrize(("message", "wparam", "lparam", "told"), TABLE)
def test_each_message(message: int, wparam: int, lparam: int, told: Told | None) -> None:
    assert decode(message, wparam, lparam) == told


@unhurried
@given(message=st.integers(0, 0xFFFF) | st.sampled_from([row[0] for row in TABLE]), wparam=st.integers(0, 1 << 64), lparam=st.integers(-(1 << 63), 1 << 63))
def test_any_message(message: int, wparam: int, lparam: int) -> None:
    told = decode(message, wparam, lparam)
    assert told is None or (told.ending is not None) is (told.news in {News.END_ASKED, News.ENDS})


class WindowDouble:
    """A window whose messages the test sends, from a thread as Windows does; strict about what is called when."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.reason: str | None = None
        self.is_open = False
        self._refuses = refuses
        self._on_message: Callable[[int, int, int], int | None] | None = None

    def open(self, on_message: Callable[[int, int, int], int | None]) -> None:
        assert not self.is_open
        assert threading.current_thread() is not threading.main_thread(), "opening waits for the window's thread"
        self.is_open, self._on_message = True, on_message

    def block(self, reason: str) -> bool:
        assert self.is_open
        if self._refuses:
            return False
        self.reason = reason
        return True

    def shown(self) -> str | None:
        """The reason of the block."""
        return self.reason

    def unblock(self) -> None:
        assert self.is_open
        self.reason = None

    def close(self) -> None:
        assert self.is_open
        self.is_open = False

    def send(self, message: int, wparam: int = 0, lparam: int = 0) -> asyncio.Future[int | None]:
        """The answer, when there is one."""
        assert self._on_message is not None
        return asyncio.get_running_loop().run_in_executor(None, self._on_message, message, wparam, lparam)


class Rig(FedByHand):
    def __init__(self) -> None:
        super().__init__()
        self.window = WindowDouble()
        self.power: Power | None = None
        self.events = WindowEvents(self.feed, self.window, look_at_power=lambda: self.power)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    assert rig.events.missing == rig.events.kinds
    await rig.events.start()
    await rig.events.run()
    assert rig.events.missing == set()
    yield rig
    rig.events.close()
    rig.events.close()
    assert not rig.window.is_open


async def answered(answer: asyncio.Future[int | None]) -> int | None:
    return await asyncio.wait_for(answer, SECONDS)


async def test_the_end_waits_for_the_saving(rig: Rig) -> None:
    await rig.events.hold("saving a VM")
    assert rig.window.shown() == "saving a VM"
    assert await answered(rig.window.send(m.WM_QUERYENDSESSION, 0, m.ENDSESSION_LOGOFF)) == 1, "agreed at once"
    assert await rig.next() == SessionEnding(ending=Ending.LOG_OFF, seconds=END_SECONDS)
    ends = rig.window.send(m.WM_ENDSESSION, 1, m.ENDSESSION_LOGOFF)
    done, _ = await asyncio.wait([ends], timeout=0.05)
    assert not done, "the answer waits"
    await rig.events.hold("another reason")
    await rig.events.release()
    assert await answered(ends) is None
    assert rig.window.shown() is None
    assert rig.drained() == []


async def test_a_cancelled_end_blocks_again(rig: Rig) -> None:
    await rig.events.hold("saving a VM")
    await answered(rig.window.send(m.WM_QUERYENDSESSION))
    assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=END_SECONDS)
    await rig.events.release()
    assert rig.window.shown() is None
    assert await answered(rig.window.send(m.WM_ENDSESSION, 0)) is None
    assert await rig.next() == SessionEndCancelled()
    assert rig.window.shown() == "saving a VM"
    await rig.events.release()
    await answered(rig.window.send(m.WM_QUERYENDSESSION))
    assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=None)
    await answered(rig.window.send(m.WM_ENDSESSION, 1))
    await answered(rig.window.send(m.WM_ENDSESSION, 0))
    assert await rig.next() == SessionEndCancelled()
    assert rig.window.shown() is None, "released for good before"


async def test_sleep(rig: Rig) -> None:
    await rig.events.hold("saving a VM")
    sleeps = rig.window.send(m.WM_POWERBROADCAST, m.PBT_APMSUSPEND)
    assert await rig.next() == AboutToSleep(seconds=SLEEP_SECONDS)
    await rig.events.release()
    assert await answered(sleeps) == 1
    rig.sleep_for(100)
    for resume in (m.PBT_APMRESUMEAUTOMATIC, m.PBT_APMRESUMESUSPEND):
        assert await answered(rig.window.send(m.WM_POWERBROADCAST, resume)) == 1
    assert await rig.next() == Woke(slept_s=100)
    await answered(rig.window.send(m.WM_WTSSESSION_CHANGE, m.WTS_CONSOLE_DISCONNECT))
    assert await rig.next() == UserAway(), "waking is told once"
    await answered(rig.window.send(m.WM_WTSSESSION_CHANGE, m.WTS_CONSOLE_CONNECT))
    assert await rig.next() == UserBack()
    assert rig.window.shown() == "saving a VM"


async def test_power_and_clock(rig: Rig) -> None:
    await answered(rig.window.send(m.WM_POWERBROADCAST, m.PBT_APMPOWERSTATUSCHANGE))
    rig.power = Power(on_battery=True, percent=50.0)
    await answered(rig.window.send(m.WM_POWERBROADCAST, m.PBT_POWERSETTINGCHANGE))
    assert await rig.next() == PowerChanged(power=rig.power)
    rig.reading = type(rig.reading)(awake_s=100, elapsed_s=100, wall_s=9000)
    await answered(rig.window.send(m.WM_TIMECHANGE))
    assert await rig.next() == ClockJumped(seconds=8000)
    assert await answered(rig.window.send(0x000F)) is None


async def test_a_block_that_windows_refuses() -> None:
    rig = Rig()
    rig.window = WindowDouble(refuses=True)
    rig.events = WindowEvents(rig.feed, rig.window, look_at_power=lambda: None)
    await rig.events.hold("too early")
    await rig.events.start()
    await rig.events.hold("saving a VM")
    assert rig.events.missing == {EventKind.BLOCK}
    await rig.events.release()
    assert rig.events.missing == set()
    rig.events.close()


async def test_no_window(caplog: pytest.LogCaptureFixture) -> None:
    class NoWindow(WindowDouble):
        def open(self, on_message: Callable[[int, int, int], int | None]) -> None:
            raise TimeoutError

    events = WindowEvents(FedByHand().feed, NoWindow(), look_at_power=lambda: None)
    await events.start()
    assert events.missing == events.kinds
    assert "no window" in caplog.text
    await events.hold("nothing to show")
    await events.release()
    events.close()


def test_a_message_after_the_end_of_the_loop() -> None:
    async def make() -> WindowDouble:
        rig = Rig()
        await rig.events.start()
        return rig.window

    window = asyncio.run(make())
    assert window._on_message is not None
    assert window._on_message(m.WM_QUERYENDSESSION, 0, 0) == 1
