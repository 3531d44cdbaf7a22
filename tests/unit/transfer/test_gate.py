"""The gate: what is under way is broken off when it closes, and nothing gets past it while it is closed."""

from __future__ import annotations

import asyncio

import pytest

from t4t.transfer.gate import Closed, Gate


class Road:
    """Something that takes until it is told to end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.end = asyncio.Event()
        self.broken_off = False

    async def __call__(self) -> str:
        self.begun.set()
        try:
            await self.end.wait()
        except asyncio.CancelledError:
            self.broken_off = True
            raise
        return "done"


async def test_open_it_is_not_noticed() -> None:
    gate, road = Gate(), Road()
    road.end.set()
    assert await gate.through(road) == "done"

    async def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await gate.through(fails)


async def test_what_is_under_way_is_broken_off_even_if_it_opens_again_at_once() -> None:
    gate, road = Gate(), Road()
    passing = asyncio.create_task(gate.through(road))
    await road.begun.wait()
    for go in (False, False, True):
        gate.let(go=go)
    with pytest.raises(Closed):
        await passing
    assert road.broken_off


async def test_closed_nothing_begins_and_who_waits_is_let_go_when_it_opens() -> None:
    gate, road = Gate(), Road()
    gate.let(go=False)
    with pytest.raises(Closed):
        await gate.through(road)
    assert not road.begun.is_set()
    waiting = asyncio.create_task(gate.opened())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.let(go=True)
    await waiting
    assert gate.is_open


async def test_what_was_done_when_it_closed_is_done() -> None:
    gate, road = Gate(), Road()
    passing = asyncio.create_task(gate.through(road))
    await road.begun.wait()
    road.end.set()
    gate.let(go=False)
    assert await passing == "done"


async def test_who_is_cancelled_takes_its_attempt_along() -> None:
    gate, road = Gate(), Road()
    passing = asyncio.create_task(gate.through(road))
    await road.begun.wait()
    passing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await passing
    assert road.broken_off


async def test_an_attempt_that_ends_itself_is_no_closed_gate() -> None:
    gate = Gate()

    async def gives_up() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await gate.through(gives_up)
