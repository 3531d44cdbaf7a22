"""The load that somebody tries: it is there, it is told, and it is gone at once when it is enough."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from t4t.host import trial_load

if TYPE_CHECKING:
    from t4t.domain.trial_load import Trying


def _left() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "trial load"]


def test_it_uses_the_processor_and_ends() -> None:
    told: list[Trying] = []
    trial_load.burn(1, tell=told.append, stop=threading.Event(), seconds=0.5, step_s=0.1)
    assert told
    assert [one.left_s for one in told] == sorted((one.left_s for one in told), reverse=True)
    assert max(one.busy_cores for one in told) > 0
    assert _left() == []


def test_it_ends_when_it_is_enough() -> None:
    stop = threading.Event()
    told: list[Trying] = []

    def tell(now: Trying) -> None:
        told.append(now)
        stop.set()

    trial_load.burn(2, tell=tell, stop=stop, seconds=600, step_s=0.05)
    assert len(told) == 1
    assert _left() == []
