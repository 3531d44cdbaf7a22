"""Some seconds of the load that was chosen, so that somebody hears the fan before agreeing. It computes nothing, and gives way to everything else.

Threads are enough: the digest releases Python's lock, so each has a processor of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from t4t.domain.trial_load import Trying

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS: Final = 10.0
_STEP_S: Final = 1.0
_ROUNDS: Final = 30_000
"""Of a digest at a time: some ten milliseconds, after which the thread looks whether it is enough."""


def burn(cores: int, *, tell: Callable[[Trying], None], stop: threading.Event, seconds: float = SECONDS, step_s: float = _STEP_S) -> None:
    """Keep ``cores`` processors busy until ``seconds`` are over or ``stop`` is set, and tell each ``step_s`` what was really used."""
    over = threading.Event()
    threads = [threading.Thread(target=_work, args=(over,), name="trial load", daemon=True) for _ in range(max(1, cores))]
    for thread in threads:
        thread.start()
    try:
        end, used, at = time.monotonic() + seconds, time.process_time(), time.monotonic()
        while (left := end - time.monotonic()) > 0 and not stop.wait(min(step_s, left)):
            now, spent = time.monotonic(), time.process_time()
            tell(Trying(left_s=max(0.0, end - now), busy_cores=(spent - used) / max(now - at, 1e-9)))
            used, at = spent, now
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _work(over: threading.Event) -> None:
    if sys.platform == "linux":  # there a priority is a thread's own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    while not over.is_set():
        hashlib.pbkdf2_hmac("sha256", b"t4t", b"t4t", _ROUNDS)
