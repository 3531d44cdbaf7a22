"""The same limit again changes nothing."""

from __future__ import annotations

from t4t.hypervisor.fake import VirtualClock
from t4t.transfer.limits import Rate


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
