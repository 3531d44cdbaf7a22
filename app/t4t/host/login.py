"""Since when this user is logged in, as far as processes tell."""

from __future__ import annotations

import functools
import time

import psutil


def logged_in_s() -> float | None:
    """Seconds since the oldest process above us that is this user's was started: the session's own, or what stands for it. None: nobody tells."""
    began = _began()
    return None if began is None else max(0.0, time.time() - began)


@functools.cache
def _began() -> float | None:
    try:
        me = psutil.Process()
        mine = me.username()
        return min(process.create_time() for process in (me, *me.parents()) if process.username() == mine)
    except (psutil.Error, OSError, KeyError):
        return None
