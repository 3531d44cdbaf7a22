"""The events of this computer as the engine sees them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from support.host_doubles import FedByHand
from t4t.domain.host_events import EventKind, Power, PowerChanged, UserAway
from t4t.host import host_events, power
from t4t.host.host_events import FedEvents, open_host_events
from t4t.host.watches import Watched

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.host.feed import Feed


class SourceDouble:
    """A watcher that notes what it is asked for."""

    kinds = frozenset({EventKind.SLEEP, EventKind.POWER})

    def __init__(self, *, missing: frozenset[EventKind] = frozenset(), fails: bool = False, fails_to_start: bool = False) -> None:
        self.missing = missing
        self.asked: list[str] = []
        self.failed = asyncio.Event()
        self._fails = fails
        self._fails_to_start = fails_to_start

    async def start(self) -> None:
        self.asked.append("start")
        if self._fails_to_start:
            raise ZeroDivisionError

    async def run(self) -> None:
        self.asked.append("run")
        if self._fails:
            self.failed.set()
            raise ZeroDivisionError
        await asyncio.Event().wait()

    def close(self) -> None:
        self.asked.append("close")

    async def hold(self, reason: str) -> None:
        self.asked.append(f"hold {reason}")

    async def release(self) -> None:
        self.asked.append("release")


async def test_all_sources_are_asked_and_the_end_ends_the_iterator() -> None:
    feed, sources = FedByHand().feed, [SourceDouble(missing=frozenset({EventKind.SLEEP})), SourceDouble()]
    async with FedEvents(feed, sources).opened() as events:
        await asyncio.sleep(0)
        assert events.missing == {EventKind.SLEEP}
        await events.block_shutdown("saving")
        await events.release()
        feed.tell(UserAway())
    assert [event async for event in events] == [UserAway()]
    assert [source.asked for source in sources] == [["start", "run", "hold saving", "release", "close"]] * 2


async def test_a_bug_in_one_source_is_logged_and_takes_nobody_with_it(caplog: pytest.LogCaptureFixture) -> None:
    broken, other = SourceDouble(fails=True), SourceDouble()
    async with FedEvents(FedByHand().feed, [broken, other]).opened() as events:
        await broken.failed.wait()
        await asyncio.sleep(0)
        assert events.missing == broken.kinds
        await events.block_shutdown("saving")
    assert "SourceDouble" in caplog.text
    assert other.asked == ["start", "run", "hold saving", "close"]


async def test_what_was_started_is_closed_when_the_start_fails() -> None:
    first, second = SourceDouble(), SourceDouble(fails_to_start=True)
    with pytest.raises(ZeroDivisionError):
        async with FedEvents(FedByHand().feed, [first, second]).opened():
            pass
    assert first.asked[-1] == second.asked[-1] == "close"


@pytest.mark.parametrize("missing", [frozenset({EventKind.POWER}), frozenset()])
async def test_the_battery_is_looked_at_where_nobody_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: frozenset[EventKind]) -> None:
    said = Power(on_battery=True, percent=50.0)

    def sources(_feed: Feed, _clock: Clock) -> list[SourceDouble]:
        return [SourceDouble(missing=missing)]

    monkeypatch.setattr(host_events, "_sources", sources)
    monkeypatch.setattr(power, "look", lambda: said)
    async with open_host_events(Watched(folder=tmp_path)) as events:
        pass
    told = [event async for event in events]
    assert [event for event in told if isinstance(event, PowerChanged)] == ([PowerChanged(power=said)] if missing else [])


async def test_this_computer(tmp_path: Path) -> None:
    """Whatever system this is: it opens, blocks, lets go and ends."""
    async with open_host_events(Watched(folder=tmp_path)) as events:
        await events.block_shutdown("a test of Test4Theory")
        assert isinstance(events.missing, frozenset)
        await events.release()
        reading = asyncio.ensure_future(anext(aiter(events)))
        await asyncio.sleep(0)
    with suppress(StopAsyncIteration):
        await reading
