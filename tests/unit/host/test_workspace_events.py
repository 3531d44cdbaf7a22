"""macOS: what each notice means, and what is done about it, with a strict double of NSWorkspace; nothing of this has run on a Mac."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from support.host_doubles import SECONDS, FedByHand, Retries
from t4t.domain.host_events import AboutToSleep, Ending, EventKind, SessionEndCancelled, SessionEnding, UserAway, UserBack, Woke
from t4t.host.session_end.macos import END_SECONDS, SLEEP_SECONDS, WorkspaceEvents

if TYPE_CHECKING:
    from collections.abc import Callable


class WorkspaceDouble:
    """NSWorkspace; strict about what is called when."""

    def __init__(self) -> None:
        self.on_notice: Callable[[str], None] | None = None
        self.reason: str | None = None
        self.turns = 0
        self.waiting: list[str] = []

    def observe(self, on_notice: Callable[[str], None]) -> None:
        assert self.on_notice is None
        self.on_notice = on_notice

    def forget(self) -> None:
        assert self.on_notice is not None
        self.on_notice = None

    def block(self, reason: str) -> None:
        self.reason = reason

    def shown(self) -> str | None:
        """The reason of the block."""
        return self.reason

    def unblock(self) -> None:
        self.reason = None

    def pump(self) -> None:
        self.turns += 1
        while self.waiting:
            self.send(self.waiting.pop(0))

    def send(self, notice: str) -> None:
        assert self.on_notice is not None
        self.on_notice(notice)


class Rig(FedByHand):
    def __init__(self) -> None:
        super().__init__()
        self.workspace = WorkspaceDouble()
        self.rests = Retries()
        self.events = WorkspaceEvents(self.feed, self.rests, self.workspace)


async def test_without_a_tray_the_run_loop_gets_its_turns() -> None:
    rig = Rig()
    await rig.events.start()
    assert rig.events.missing == {EventKind.POWER, EventKind.BLOCK}
    running = asyncio.get_running_loop().create_task(rig.events.run())
    rig.workspace.waiting = ["away", "back", "sleep"]
    await rig.rests.next()
    assert [await rig.next() for _ in range(3)] == [UserAway(), UserBack(), AboutToSleep(seconds=None)]
    rig.sleep_for(100)
    rig.workspace.waiting = ["wake", "what?"]
    await rig.rests.next()
    assert await rig.next() == Woke(slept_s=100)
    assert rig.workspace.turns == 2
    running.cancel()
    rig.events.close()
    assert rig.workspace.on_notice is None


async def test_sleep_and_an_end_that_is_cancelled_without_a_word() -> None:
    rig = Rig()
    await rig.events.start()
    await rig.events.hold("saving a VM")
    assert rig.workspace.shown() == "saving a VM"
    rig.workspace.send("power_off")
    assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=END_SECONDS)
    await rig.events.release()
    await rig.events.hold("still saving")
    assert rig.workspace.shown() is None
    rig.sleep_for(100)
    rig.workspace.send("wake")
    assert [await rig.next() for _ in range(2)] == [SessionEndCancelled(), Woke(slept_s=100)]
    assert rig.workspace.shown() == "still saving"
    await rig.events.release()
    assert rig.workspace.shown() is None
    rig.workspace.send("power_off")
    assert await rig.next() == SessionEnding(ending=Ending.SHUTDOWN, seconds=None)
    rig.events.close()


@pytest.mark.parametrize("held", [True, False])
def test_with_a_tray_sleep_waits_for_the_saving(held: bool) -> None:  # noqa: FBT001 - a column of the table
    """The asyncio loop has a thread of its own, as it has beside Qt; this test's thread is the main one, which brings the notices."""
    ready, slept, done = threading.Event(), threading.Event(), threading.Event()
    failures: list[BaseException] = []
    rigs: list[Rig] = []
    order: list[str] = []

    async def serve() -> None:
        rig = Rig()
        rigs.append(rig)
        await rig.events.start()
        await rig.events.run()
        assert rig.events.missing == {EventKind.POWER}
        if held:
            await rig.events.hold("saving a VM")
        ready.set()
        assert await rig.next() == AboutToSleep(seconds=SLEEP_SECONDS if held else None)
        order.append("saved")
        await rig.events.release()
        rig.sleep_for(100)
        slept.set()
        assert await rig.next() == Woke(slept_s=100)
        rig.events.close()
        done.set()

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - shown by the test's thread
            failures.append(error)
            ready.set()
            done.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(SECONDS)
    assert not failures
    workspace = rigs[0].workspace
    notify = workspace.on_notice
    assert notify is not None
    notify("sleep")
    order.append("asleep")
    if held:
        assert order == ["saved", "asleep"]
    assert slept.wait(SECONDS)
    notify("wake")
    assert done.wait(SECONDS)
    thread.join(SECONDS)
    assert not failures
    notify("wake")  # the loop is closed: nobody minds
