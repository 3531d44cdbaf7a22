"""Whether somebody is there, and what fills his screen: a real X server, and libwayland's real client at a compositor of the tests."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.compositor import IDLED, RESUMED, compositor
from support.desktop import x_server
from t4t.domain.readings import Readings, Screen
from t4t.host.clock import RealClock
from t4t.host.sensing.listening import Line, Listening
from t4t.host.sensing.sensing import Sensing

if sys.platform != "linux":
    pytest.skip("Linux has these", allow_module_level=True)

import xcffib
import xcffib.xproto
import xcffib.xtest

from t4t.host.sensing.wayland import Wayland
from t4t.host.sensing.x11 import X11

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

SECONDS = 20.0
AWAY_S = 0.2
"""Short enough for a test, and longer than one look takes."""


@contextlib.asynccontextmanager
async def listening(connect: Callable[[], Line], away_after_s: float = AWAY_S) -> AsyncIterator[tuple[Listening, asyncio.Queue[None]]]:
    sensor = Listening("test", connect)
    calls: asyncio.Queue[None] = asyncio.Queue()
    try:
        await sensor.start(lambda: calls.put_nowait(None))
        sensor.expect(away_after_s)
        yield sensor, calls
    finally:
        await sensor.close()


async def until(sensor: Listening, calls: asyncio.Queue[None], holds: Callable[[Readings], bool]) -> Readings:
    """Looks when the sensor calls, and only then, until something is so."""
    async with asyncio.timeout(SECONDS):
        while not holds(readings := await sensor.look()):
            await calls.get()
    return readings


class Desk:
    """The user and his window manager."""

    def __init__(self, display: str) -> None:
        connect: Any = xcffib.connect
        self._x = connect(display=display)
        self._root = self._x.get_setup().roots[0].root

    def _atom(self, name: str) -> int:
        return int(self._x.core.InternAtom(False, len(name), name).reply().atom)  # noqa: FBT003 - the protocol's

    def move_mouse(self, x: int) -> None:
        self._x(xcffib.xtest.key).FakeInput(6, 0, 0, 0, x, 100, 0)  # a motion
        self._x.flush()

    def window(self, name: bytes) -> int:
        window = int(self._x.generate_id())
        root = self._x.get_setup().roots[0]
        self._x.core.CreateWindow(root.root_depth, window, root.root, 0, 0, 300, 200, 0, 1, root.root_visual, 0, [])
        self._put(window, xcffib.xproto.Atom.WM_CLASS, xcffib.xproto.Atom.STRING, 8, name + b"\0" + name.title() + b"\0")
        return window

    def _put(self, window: int, prop: int, kind: int, width: int, value: Any) -> None:
        count = len(value)
        self._x.core.ChangeProperty(xcffib.xproto.PropMode.Replace, window, prop, kind, width, count, value)
        self._x.flush()

    def front(self, window: int) -> None:
        self._put(self._root, self._atom("_NET_ACTIVE_WINDOW"), xcffib.xproto.Atom.WINDOW, 32, [window])

    def full(self, window: int, *, full: bool) -> None:
        states = [self._atom("_NET_WM_STATE_ABOVE"), self._atom("_NET_WM_STATE_FULLSCREEN")][: 2 if full else 1]
        self._put(window, self._atom("_NET_WM_STATE"), xcffib.xproto.Atom.ATOM, 32, states)

    def remove(self, window: int) -> None:
        self._x.core.DestroyWindow(window)
        self._x.flush()

    def close(self) -> None:
        self._x.disconnect()


@contextlib.asynccontextmanager
async def a_desk() -> AsyncIterator[tuple[str, Desk]]:
    async with x_server() as display:
        desk = Desk(display)
        try:
            yield display, desk
        finally:
            with contextlib.suppress(Exception):
                desk.close()


async def test_the_x_server_tells_of_going_and_coming_without_being_asked() -> None:
    async with a_desk() as (display, desk), listening(lambda: X11(display)) as (sensor, calls):
        desk.move_mouse(10)
        assert (await sensor.look()).screen is Screen.NOTHING
        assert sensor.tells
        for x in (20, 30):
            await until(sensor, calls, lambda said: (said.idle_s or 0) >= AWAY_S)
            desk.move_mouse(x)
            await until(sensor, calls, lambda said: said.idle_s is not None and said.idle_s < AWAY_S)
        sensor.expect(3600.0)
        assert (await sensor.look()).idle_s is not None


async def test_a_full_screen_window_is_told_at_once() -> None:
    async with a_desk() as (display, desk), listening(lambda: X11(display, idle=False)) as (sensor, calls):
        film, other = desk.window(b"mpv"), desk.window(b"xterm")
        assert await sensor.look() == Readings(screen=Screen.NOTHING)
        desk.front(film)
        desk.full(film, full=True)
        assert await until(sensor, calls, lambda said: said.screen is Screen.FULL_SCREEN) == Readings(screen=Screen.FULL_SCREEN, screen_by="Mpv")
        desk.front(other)
        await until(sensor, calls, lambda said: said.screen is Screen.NOTHING)
        desk.full(other, full=True)
        assert (await until(sensor, calls, lambda said: said.screen is Screen.FULL_SCREEN)).screen_by == "Xterm"
        desk.full(other, full=False)
        await until(sensor, calls, lambda said: said.screen is Screen.NOTHING)
        desk.front(film)
        await until(sensor, calls, lambda said: said.screen is Screen.FULL_SCREEN)
        desk.remove(film)
        desk.front(film)
        await until(sensor, calls, lambda said: said.screen is Screen.NOTHING)


async def test_an_x_server_that_goes_and_none() -> None:
    sensor = Listening("test", lambda: X11(":987"))
    await sensor.start(lambda: None)
    with pytest.raises(OSError, match=r".*"):
        await sensor.look()
    calls: asyncio.Queue[None] = asyncio.Queue()
    async with contextlib.AsyncExitStack() as stack:
        display = await stack.enter_async_context(x_server())
        gone = Listening("test", lambda: X11(display))
        await gone.start(lambda: calls.put_nowait(None))
        assert (await gone.look()).screen is Screen.NOTHING
    await asyncio.wait_for(calls.get(), SECONDS)
    with pytest.raises(OSError, match=r".*"):
        await gone.look()
    assert not gone.tells
    await gone.close()
    await sensor.close()


@pytest.mark.parametrize(("version", "kind"), [(1, "any"), (2, "input")])
async def test_a_compositor_tells_of_going_and_coming(tmp_path: Path, version: int, kind: str) -> None:
    async with compositor(tmp_path, version) as desk, listening(lambda: Wayland(desk.socket), 300.0) as (sensor, calls):
        assert await sensor.look() == Readings(idle_s=0.0)
        assert await desk.next() == (kind, 300_000)
        desk.tell(IDLED)
        await until(sensor, calls, lambda said: (said.idle_s or 0.0) >= 300.0)
        desk.tell(RESUMED)
        await until(sensor, calls, lambda said: said.idle_s == 0.0)
        sensor.expect(60.0)
        await sensor.look()
        assert await desk.next() == (kind, 60_000)
        desk.tell(IDLED)
        await until(sensor, calls, lambda said: 60.0 <= (said.idle_s or 0.0) < 300.0)


async def test_a_compositor_that_crashes_or_tells_nothing(tmp_path: Path) -> None:
    async with compositor(tmp_path) as desk, listening(lambda: Wayland(desk.socket)) as (sensor, calls):
        await sensor.look()
        desk.hang_up()
        await asyncio.wait_for(calls.get(), SECONDS)
        assert await sensor.look() == Readings(idle_s=0.0), "it is there again"
    (tmp_path / "wayland").unlink(missing_ok=True)
    async with compositor(tmp_path, 0) as silent, listening(lambda: Wayland(silent.socket)) as (sensor, _):
        with pytest.raises(ConnectionRefusedError):
            await sensor.look()
    async with listening(lambda: Wayland(str(tmp_path / "none"))) as (sensor, _):
        with pytest.raises(ConnectionError):
            await sensor.look()


async def test_a_moved_mouse_and_a_film_are_told_through_all_sensors() -> None:
    told: asyncio.Queue[Readings] = asyncio.Queue()

    async def next_with(holds: Callable[[Readings], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not holds(await told.get()):
                pass

    async with a_desk() as (display, desk):
        desk.move_mouse(10)
        sensing = Sensing([Listening("x11", lambda: X11(display))], RealClock(), away_after_s=AWAY_S, on_change=told.put_nowait)
        async with sensing.opened():
            sensing.work(runs=True)
            for x in (20, 30):
                await next_with(lambda said: said.in_use(away_after_s=AWAY_S) is False)
                desk.move_mouse(x)
                await next_with(lambda said: said.in_use(away_after_s=AWAY_S) is True)
            film = desk.window(b"mpv")
            desk.full(film, full=True)
            desk.front(film)
            await next_with(lambda said: said.screen is Screen.FULL_SCREEN)
