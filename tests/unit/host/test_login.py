"""Since when somebody is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from t4t.host import login

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _forgets() -> Iterator[None]:
    login._began.cache_clear()
    yield
    login._began.cache_clear()


def test_it_is_no_shorter_than_our_own_life_and_goes_on() -> None:
    me = psutil.Process()
    first = login.logged_in_s()
    assert first is not None
    assert first >= psutil.Process(me.ppid()).create_time() - me.create_time()
    later = login.logged_in_s()
    assert later is not None
    assert later >= first


def test_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> psutil.Process:
        raise psutil.NoSuchProcess(1)

    monkeypatch.setattr(psutil, "Process", gone)
    assert login.logged_in_s() is None
