"""The tray on a real X server and session bus: registered with a StatusNotifier panel, its menu read and clicked over D-Bus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from support.desktop import Panel
from support.scripted_engine import a_notice
from support.x_user import XUser
from t4t.domain.session import TrayState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.desk import Desk

pytestmark = pytest.mark.tray


@pytest.fixture
def user(desk: Desk) -> Iterator[XUser]:
    made = XUser(desk.display)
    yield made
    made.close()


async def test_an_icon_says_what_the_agent_does(desk: Desk) -> None:
    async with Panel.at_work(desk.bus) as panel, desk.tray():
        item = await panel.until(lambda item: item.tooltip.startswith("Working"))
        assert item.tooltip == "Working: 62\N{NO-BREAK SPACE}% done, 2 cores"
        assert {16, 22, 24, 32, 48} <= set(item.sizes)
        rows = await panel.menu(item)
        assert [row.text for row in rows] == [
            "Working: 62\N{NO-BREAK SPACE}% done, 2 cores",
            "theory_2279-3861",
            "Pause",
            "Use less for now",
            "Why?",
            "Open Test4Theory",
            "Quit…",
        ]
        assert [row.enabled for row in rows] == [True, False, True, True, True, True, True]
        assert [row.text for row in rows[2].below] == [
            "For 30 minutes",
            "For 1 hour",
            "For 3 hours",
            "Until tomorrow at 08:00",
            "Until I restart the computer",
            "Until I continue",
            "Finish the current work, then pause",
        ]
        assert [row.text for row in rows[3].below] == ["Reduced power for 1 hour", "One processor only"]


async def test_a_pause_by_click_and_back(desk: Desk) -> None:
    async with Panel.at_work(desk.bus) as panel, desk.tray():
        working = await panel.until(lambda item: item.tooltip.startswith("Working"))
        await panel.click(working, "Pause", "For 1 hour")
        paused = await panel.until(lambda item: item.tooltip.startswith("Paused by you until"))
        assert desk.engine.asked == ["pause 1h"]
        assert paused.pixels != working.pixels
        rows = await panel.menu(paused)
        texts = [row.text for row in rows]
        assert texts[2] == "1 h left"
        assert "Change the pause" in texts
        await panel.click(paused, "Continue now")
        again = await panel.until(lambda item: item.tooltip.startswith("Working"))
        assert desk.engine.asked == ["pause 1h", "resume"]
        assert again.pixels == working.pixels


async def test_a_click_shows_before_the_agent_has_done_it(desk: Desk) -> None:
    desk.engine.hold = asyncio.Event()
    async with Panel.at_work(desk.bus) as panel, desk.tray():
        item = await panel.until(lambda item: item.tooltip.startswith("Working"))
        await panel.click(item, "Pause", "For 3 hours")
        await panel.until(lambda item: item.tooltip == "Pausing…")
        assert desk.engine.view.state is TrayState.WORKING
        desk.engine.hold.set()
        await panel.until(lambda item: item.tooltip.startswith("Paused by you until"))


async def test_each_state_has_its_own_picture(desk: Desk) -> None:
    seen: set[bytes] = set()
    async with Panel.at_work(desk.bus) as panel, desk.tray():
        for state in TrayState:
            desk.engine.show(state=state, notices=(a_notice(),) if state is TrayState.NEEDS_YOU else ())
            item = await panel.until(lambda item: item.tooltip not in {"", "Starting…"} and item.pixels not in seen)
            seen.add(item.pixels)
    assert len(seen) == len(TrayState)


async def test_a_left_click_opens_the_small_panel_and_closes_it(desk: Desk, user: XUser) -> None:
    async with Panel.at_work(desk.bus) as panel, desk.tray():
        item = await panel.until(lambda item: item.tooltip.startswith("Working"))
        await panel.activate(item)
        left, top, width, height = await desk.until_window("Test4Theory in short")
        assert 0 <= left <= 1280 - width
        assert 0 <= top <= 800 - height
        await panel.activate(item)
        await desk.until_window("Test4Theory in short", there=False)
        await panel.activate(item)
        left, top, width, height = await desk.until_window("Test4Theory in short")
        user.click(left + 150, top + height - 30)  # "Open", beside "Pause"
        assert await desk.next_said() == "open home"
        await desk.until_window("Test4Theory in short", there=False)


async def test_the_rows_open_the_window(desk: Desk) -> None:
    async with Panel.at_work(desk.bus) as panel, desk.tray():
        item = await panel.until(lambda item: item.tooltip.startswith("Working"))
        await panel.click(item, "Why?")
        assert await desk.next_said() == "open why"
        await panel.click(item, "Open Test4Theory")
        assert await desk.next_said() == "open home"


async def test_a_panel_that_comes_late_gets_the_icon(desk: Desk) -> None:
    """At login the agent is often there before the panel."""
    async with desk.tray(patience_ms=0):
        assert await desk.next_said() == "no tray"
        async with Panel.at_work(desk.bus) as panel:
            item = await panel.until(lambda item: item.tooltip.startswith("Working"))
            await panel.click(item, "Pause", "For 30 minutes")
            await panel.until(lambda item: item.tooltip.startswith("Paused by you until"))
    assert desk.engine.asked == ["pause 30m"]


async def test_a_panel_that_is_restarted_gets_one_icon(desk: Desk) -> None:
    async with desk.tray():
        for _ in range(3):
            async with Panel.at_work(desk.bus) as panel:
                item = await panel.until(lambda item: item.tooltip.startswith("Working"))
                await panel.click(item, "Why?")
                assert await desk.next_said() == "open why"
                assert len(await panel.items()) == 1


async def test_an_agent_that_ends_is_told(desk: Desk, user: XUser) -> None:
    async with Panel.at_work(desk.bus) as panel, desk.tray():
        item = await panel.until(lambda item: item.tooltip.startswith("Working"))
        await panel.click(item, "Quit…")
        left, top, width, height = await desk.until_window("Quit Test4Theory?")
        assert desk.engine.asked == []
        user.click(left + width - 60, top + height - 30)  # "Save and quit"
        saving = await panel.until(lambda item: item.tooltip.startswith("Saving the work: about"))
        rows = {row.text: row.enabled for row in await panel.menu(saving)}
        assert rows["Save and quit"] is False
    assert desk.engine.quit_asked
