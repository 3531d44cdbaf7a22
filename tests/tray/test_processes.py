"""The product's own processes on a real screen: `t4t`, `t4t run --tray`, `t4t window`, started and ended as a volunteer would."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, TypeVar

import psutil
import pytest

from support.desktop import Panel, a_process, x_server
from support.program import PROGRAM
from support.unwatched import let_work
from t4t.api.client import Client
from t4t.domain.errors import AgentMissing
from t4t.domain.session import SessionView, TrayState

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from support.desk import Desk

T = TypeVar("T")
pytestmark = pytest.mark.tray


def _t4t(desk: Desk, data: Path, *words: str, **environment: str) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    return a_process(*PROGRAM, "--data-dir", str(data), *words, environment=desk.environment() | environment, stderr=asyncio.subprocess.PIPE)


def _status(data: Path) -> SessionView | None:
    try:
        with Client(data) as client:
            return client.status()
    except AgentMissing:
        return None


async def _until(check: Callable[[], T | None], what: str, seconds: float = 30) -> T:
    """Look until there is something; each look asks another process or the system, in a thread of its own."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := await asyncio.to_thread(check)):
                pass
            return found
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None


async def _windows(desk: Desk) -> str:
    process = await asyncio.create_subprocess_exec("xwininfo", "-root", "-tree", env=desk.environment(), stdout=asyncio.subprocess.PIPE)
    text, _ = await process.communicate()
    return text.decode()


async def _until_window(desk: Desk, *, there: bool = True) -> None:
    async with asyncio.timeout(30):
        while ('"Test4Theory": ("t4t"' in await _windows(desk)) is not there:
            pass  # each look waits for a process


def _of(data: Path, word: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or ()
        if str(data) in line and word in line:
            found.append(process)
    return found


@pytest.fixture
def data(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose sockets lie in it, for the test as for the processes."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    let_work(desk.folder / "data")
    return desk.folder / "data"


async def test_the_agent_has_a_tray_that_speaks_another_language_when_asked_and_ends_by_its_menu(desk: Desk, data: Path) -> None:
    async with Panel.at_work(desk.bus) as panel, _t4t(desk, data, "run", "--tray", "--hypervisor", "fake") as agent:
        item = await panel.until(lambda item: item.tooltip == "No work right now")
        assert item.title == "Test4Theory"
        await panel.click(item, "Pause", "For 1 hour")
        await panel.until(lambda item: item.tooltip.startswith("Paused by you until"))
        view = _status(data)
        assert view is not None
        assert view.state is TrayState.PAUSED_BY_YOU
        async with _t4t(desk, data, "settings", "set", "language=de") as command:
            assert await asyncio.wait_for(command.wait(), 30) == 0
        await panel.until(lambda item: item.tooltip.startswith("Von Ihnen angehalten bis"))
        rows = await panel.menu((await panel.items())[0])
        assert "Für 1 Stunde" in [below.text for row in rows for below in row.below], "all of the menu follows at once"
        await panel.click((await panel.items())[0], "Speichern und beenden")
        assert await asyncio.wait_for(agent.wait(), 30) == 0
        assert await panel.items() == []


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_signals_end_the_agent_in_order(desk: Desk, data: Path, name: signal.Signals) -> None:
    async with Panel.at_work(desk.bus) as panel, _t4t(desk, data, "run", "--tray", "--hypervisor", "fake") as agent:
        await panel.until(lambda item: item.tooltip == "No work right now")
        agent.send_signal(name)
        assert await asyncio.wait_for(agent.wait(), 30) == 0


async def test_a_screen_that_goes_ends_the_agent_in_order(desk: Desk, data: Path) -> None:
    """As at a log-off: everything is saved, no child is left."""
    async with contextlib.AsyncExitStack() as stack:
        screen = await stack.enter_async_context(contextlib.AsyncExitStack())
        display = await screen.enter_async_context(x_server())
        agent = await stack.enter_async_context(_t4t(desk, data, "run", "--tray", "--hypervisor", "fake", DISPLAY=display))
        panel = await stack.enter_async_context(Panel.at_work(desk.bus))
        await panel.until(lambda item: item.tooltip == "No work right now")
        await screen.aclose()
        assert await asyncio.wait_for(agent.wait(), 30) == 0
    assert _of(data, "vm-host") == []


async def test_without_a_tray_the_agent_works_and_the_window_shows_it(desk: Desk, data: Path) -> None:
    desk.bus = "unix:path=/nonexistent"
    async with _t4t(desk, data, "run", "--tray", "--hypervisor", "fake"):
        await _until(lambda: _status(data), "the agent")
        async with _t4t(desk, data, "window") as window:
            await _until_window(desk)
            window.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(window.wait(), 20) == 0


async def test_a_second_start_shows_the_window_of_the_first(desk: Desk, data: Path) -> None:
    async with _t4t(desk, data, "run", "--tray", "--hypervisor", "fake") as agent:
        await _until(lambda: _status(data), "the agent")
        async with _t4t(desk, data) as second:
            await _until_window(desk)
            async with _t4t(desk, data) as third:  # the window is there: it comes to the front, and that is all
                assert await asyncio.wait_for(third.wait(), 30) == 0
            assert second.returncode is None
            view = _status(data)
            assert view is not None
            assert view.pid == agent.pid
    assert await _until(lambda: not _of(data, "vm-host"), "the VM host to end")


async def test_the_menu_opens_the_window_which_outlives_the_agent(desk: Desk, data: Path) -> None:
    async with Panel.at_work(desk.bus) as panel:
        async with _t4t(desk, data, "run", "--tray", "--hypervisor", "fake"):
            item = await panel.until(lambda item: item.tooltip == "No work right now")
            await panel.click(item, "Why?")
            await _until_window(desk)
        (window,) = _of(data, "window")
        assert window.is_running()
        window.terminate()
        await _until(lambda: not _of(data, "window"), "the window to end")


async def test_the_window_starts_the_agent(desk: Desk, data: Path) -> None:
    async with Panel.at_work(desk.bus) as panel, _t4t(desk, data, "window"):
        await _until_window(desk)
        item = await panel.until(lambda item: item.tooltip == "No work right now")
        view = _status(data)
        assert view is not None
        agent = psutil.Process(view.pid)
        await panel.click(item, "Save and quit")
        await _until(lambda: not agent.is_running() or agent.status() == psutil.STATUS_ZOMBIE, "the agent to end")


@pytest.mark.parametrize("display", ["", ":4711"], ids=["none", "dead"])
async def test_without_a_screen_it_says_so_and_works(desk: Desk, data: Path, display: str) -> None:
    async with _t4t(desk, data, "run", "--tray", "--hypervisor", "fake", DISPLAY=display) as agent:
        await _until(lambda: _status(data), "the agent")
        agent.terminate()
        assert agent.stderr is not None
        said = (await agent.stderr.read()).decode()
        assert await agent.wait() == 0
    assert "No screen here: working without an icon" in said
    async with _t4t(desk, data, "window", DISPLAY=display) as window:
        assert await asyncio.wait_for(window.wait(), 30) == 3


@pytest.fixture
def spoiled(data: Path) -> Path:
    """A data folder in which no work can be put."""
    (data / "tasks").write_text("not a folder", encoding="utf-8")
    return data


async def test_an_agent_that_can_not_begin_says_why(desk: Desk, spoiled: Path) -> None:
    async with _t4t(desk, spoiled, "run", "--tray", "--hypervisor", "fake") as agent:
        assert agent.stderr is not None
        said = (await asyncio.wait_for(agent.stderr.read(), 30)).decode()
        assert await agent.wait() == 3
    assert "(T4T-DISK-02)" in said
