"""Blocking work beside the event loop."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject

from t4t.domain.errors import InternalFault, NotEnoughDisk, T4TError
from t4t.gui.background import Background

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


def test_work_is_done_elsewhere_and_told_here(qtbot: QtBot) -> None:
    background = Background()
    threads: list[Any] = []
    told: list[object] = []
    background.told.connect(told.append)
    background.done.connect(lambda result: threads.append((result, background.busy, threading.current_thread())))

    def work(tell: Callable[[object], None]) -> object:
        tell("half")
        return threading.current_thread()

    assert background.start(work)
    assert background.busy
    assert not background.start(lambda _tell: None)
    qtbot.waitUntil(lambda: bool(threads))
    (worker, busy, here) = threads[0]
    assert told == ["half"]
    assert not busy
    assert here is threading.main_thread()
    assert worker is not here


def test_failures_are_told_and_bugs_too(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    background = Background()
    failed: list[T4TError] = []
    background.failed.connect(failed.append)

    def fails(error: Exception) -> Callable[[Any], object]:
        def work(_tell: object) -> object:
            raise error

        return work

    for error in (NotEnoughDisk(path="/d", needed_mib=2, free_mib=1), ZeroDivisionError("by zero")):
        assert background.start(fails(error))
        qtbot.waitUntil(lambda: not background.busy)
    first, second = failed
    assert isinstance(first, NotEnoughDisk)
    assert isinstance(second, InternalFault)
    assert isinstance(first, T4TError)
    assert second.detail == "ZeroDivisionError: by zero"
    assert "a bug" in caplog.text


def test_who_asked_may_be_gone(qtbot: QtBot) -> None:
    background, go_on, ended = Background(), threading.Event(), threading.Event()

    def work(tell: Callable[[object], None]) -> None:
        go_on.wait(20)
        tell("nobody listens")
        ended.set()

    background.start(work)
    background.deleteLater()
    gone: list[bool] = []
    background.destroyed.connect(lambda: gone.append(True))
    qtbot.waitUntil(lambda: bool(gone))
    go_on.set()
    assert ended.wait(20)


def test_who_asked_may_go_in_the_very_moment(qapp: QApplication) -> None:
    """A window that was closed while a thread spoke once ended the process."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(100):
            parent = QObject()
            for _ in range(4):
                Background(parent).start(lambda tell: tell("something"))
            parent.deleteLater()
            qapp.sendPostedEvents(parent, QEvent.Type.DeferredDelete)
            qapp.processEvents()
    finally:
        sys.setswitchinterval(usual)
