"""Rates and slots."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from t4t.hypervisor.fake import VirtualClock
from t4t.transfer.limits import Rate, Slots


class Clock:
    """Time passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


@given(st.lists(st.tuples(st.integers(1, 10_000_000), st.floats(0, 10)), max_size=40), st.floats(100, 1e8))
def test_never_faster_than_allowed(takes: list[tuple[int, float]], rate: float) -> None:
    async def run() -> None:
        clock = Clock()
        bucket = Rate(clock, rate)
        for amount, pause in takes:
            begun = clock.now
            await bucket.take(amount)
            assert clock.now - begun >= amount / rate * (1 - 1e-9) - 1e-9
            clock.now += pause

    asyncio.run(run())


async def test_limits_change_and_end() -> None:
    clock = Clock()
    rate = Rate(clock)
    await rate.take(10**12)
    assert clock.now == 0.0
    rate.change(1000.0)
    await rate.take(2000)
    assert clock.now == 2.0


async def test_slots() -> None:
    slots = Slots(at_once=3, per_project=2)
    inside: list[str] = []
    most: dict[str, int] = {"all": 0, "a": 0}
    gate = asyncio.Event()

    async def work(project: str) -> None:
        async with slots.slot(project):
            inside.append(project)
            most["all"] = max(most["all"], len(inside))
            most["a"] = max(most["a"], inside.count("a"))
            await gate.wait()
            inside.remove(project)

    tasks = [asyncio.create_task(work(project)) for project in "aaaab"]
    for _ in range(5):
        await asyncio.sleep(0)
    assert sorted(inside) == ["a", "a", "b"]  # the third of a does not hold b up
    gate.set()
    await asyncio.gather(*tasks)
    assert most == {"all": 3, "a": 2}


async def test_a_limit_that_is_set_again_forgets_nothing() -> None:
    clock = VirtualClock(idle_turns=2)
    rate = Rate(clock)
    for _ in range(2):
        rate.limit(10.0)
        await rate.take(100)
    assert clock.monotonic() == 20.0
    rate.limit(0.0)
    await rate.take(100)
    assert clock.monotonic() == 20.0
