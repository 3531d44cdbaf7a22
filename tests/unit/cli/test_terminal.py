"""Progress on a terminal and elsewhere, with guests that mean well and others."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from t4t.cli.terminal import TerminalView, number, plain, show_failure, show_notice
from t4t.domain.errors import TaskFileMissing
from t4t.domain.progress import Failure, Happened, IntermediateUpload, Moment, Progress, Trickle
from t4t.wording.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Mapping


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _progress(job: Mapping[str, object] | None = None, fraction: float = 0.5) -> Progress:
    return Progress(fraction=fraction, elapsed_s=12, cpu_s=3, web_port=8080, job=job or {})


@pytest.mark.parametrize("what", Happened)
def test_every_moment_has_a_sentence(what: Happened) -> None:
    out = io.StringIO()
    TerminalView(out)(Moment(what=what, detail="the detail"))
    assert out.getvalue().endswith((".\n", ").\n"))
    assert "{" not in out.getvalue()


def test_on_a_terminal_one_line_moves() -> None:
    out = Terminal()
    view = TerminalView(out)
    view(_progress({"events_done": 5, "events_wanted": 10, "events_per_second": 1.25, "state": "running"}))
    view(_progress())
    view(Moment(what=Happened.CHECKPOINT))
    view(_progress(fraction=1.0))
    view.finish()
    view.finish()
    first, *_ = out.getvalue().split("\r")[1:]
    assert "50.0%" in first
    assert "5 of 10 events  1.2 events/s  running  http://127.0.0.1:8080/" in first
    assert out.getvalue().count("\n") == 2
    lengths = [len(piece) for piece in out.getvalue().split("\r")[1:3]]
    assert lengths[0] == lengths[1]  # the shorter line covers the longer one


def test_elsewhere_a_line_now_and_then() -> None:
    out = io.StringIO()
    view = TerminalView(out)
    for step in range(100):
        view(_progress(fraction=step / 100))
    view.finish()
    assert len(out.getvalue().splitlines()) == 1
    assert "\r" not in out.getvalue()


def test_trickles_and_uploads() -> None:
    out = io.StringIO()
    view = TerminalView(out)
    view(Trickle(name="news", data=b"12345"))
    view(IntermediateUpload(path="/there/part"))
    assert out.getvalue() == "Trickle message “news” (5 bytes).\nFile for upload: /there/part\n"


HOSTILE: list[object] = [None, True, "\x1b[2J", "9" * 5000, float("nan"), float("inf"), -1, 10**400, [], {}, "a\r\nb", "\u202e" * 9, 0, 0.0]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_a_hostile_guest_commands_nothing(value: object) -> None:
    out = io.StringIO()
    keys = ("events_done", "events_wanted", "events_per_second", "state", "more")
    TerminalView(out)(_progress(dict.fromkeys(keys, value)))
    for key in keys:
        TerminalView(out)(_progress({"events_done": 1, "events_wanted": 2} | {key: value}))
    assert all(len(line) < 200 and line.isprintable() for line in out.getvalue().split("\n"))


@pytest.mark.parametrize("value", [None, True, "1", float("nan"), float("inf"), 10**400, [1]])
def test_what_is_no_number(value: object) -> None:
    assert number(value) is None


def test_plain_text() -> None:
    assert plain("a\x1b[1mé\n") == "a [1mé "
    assert plain("x" * 500) == "x" * 400 + "…"
    assert plain("xyz", 3) == "xyz"


def test_a_notice() -> None:
    out = io.StringIO()
    show_notice(Notice(code="T4T-X-01", title="Title", body="Body.", remedies=("One.", "Two.")), out)
    assert out.getvalue() == "Title (T4T-X-01)\n  Body.\n  → One.\n  → Two.\n"


def test_a_task_that_was_put_away_says_where_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    show_failure(Failure(task="bad\x1b", code="T4T-TASK-01", error=TaskFileMissing(path="/there\x1b[2J/x")))
    show_failure(Failure(task="worse", code="T4T-TASK-08", message="no events."))
    assert capsys.readouterr().err.splitlines() == [
        "bad was put into the folder “failed”: A file of the task is missing (T4T-TASK-01).",
        "A file of the task is missing (T4T-TASK-01)",
        "  /there [2J/x is not there.",
        "  → Get the task's files again; the copy in this folder can't be used.",
        "worse was put into the folder “failed”: The job failed inside the virtual machine (T4T-TASK-08): no events.",
    ]


def test_a_terminal_that_is_gone_ends_no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as gone:
        monkeypatch.setattr(sys, "stderr", gone)
        show_failure(Failure(task="bad", code="T4T-TASK-01"))
        monkeypatch.undo()
        with contextlib.suppress(BrokenPipeError):
            gone.close()
