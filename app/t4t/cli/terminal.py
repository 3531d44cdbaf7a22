"""Progress and results as text: progress on standard error, results on standard output."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Final, TextIO, assert_never

from t4t.domain.progress import Happened, IntermediateUpload, Moment, Progress, TaskEvent, Trickle
from t4t.wording.language import gettext
from t4t.wording.notices import notice
from t4t.wording.numbers import decimal
from t4t.wording.timeline import went_to_failed

if TYPE_CHECKING:
    from t4t.domain.progress import Failure
    from t4t.wording.language import Marked
    from t4t.wording.notices import Notice

_LINE_EVERY_S: Final = 5.0
_BAR: Final = 24
_LONGEST_BODY: Final = 4000
_SENTENCES: Final[dict[Happened, Marked]] = {
    Happened.CREATED: "Virtual machine made ({detail}).",
    Happened.STARTED: "Virtual machine started.",
    Happened.RESTORED: "Virtual machine goes on where it was.",
    Happened.ADOPTED: "Virtual machine found running; it is ours again.",
    Happened.CHECKPOINT: "Checkpoint written.",
    Happened.CHECKPOINT_SKIPPED: "No checkpoint this time ({detail}).",
    Happened.SAVED: "Virtual machine saved; the same command goes on with it.",
    Happened.PAUSED: "Virtual machine paused.",
    Happened.RESUMED: "Virtual machine goes on.",
    Happened.ADJUSTED: "Virtual machine may use {detail} of its processors now.",
    Happened.RELINKED: "Virtual machine connected to the network anew.",
    Happened.RESTING: "The guest asked for a rest of {detail} s.",
    Happened.RECOVERED: "The virtual machine had ended; going on from: {detail}.",
    Happened.STATE_DISCARDED: "The saved state could not be read and was discarded ({detail}).",
    Happened.COMPLETED: "Done.",
    Happened.FAILED: "The task failed ({detail}).",
    Happened.IGNORED: "vbox_job.xml: <{detail}> has no effect here.",
}


def number(value: object) -> float | None:
    """A finite number out of the guest's untrusted JSON."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 else None  # noqa: PLR2004


def plain(text: str, longest: int = 400) -> str:
    """Text of the guest's as one line that can't command the terminal."""
    shown = "".join(character if character.isprintable() else " " for character in text[:longest])
    return shown if len(text) <= longest else shown + "…"


class TerminalView:
    """Shows events as they come: one line that moves on a terminal, now and then a line elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Writes to ``stream`` (standard error)."""
        self._stream = stream or sys.stderr
        self._moving = self._stream.isatty()
        self._width = 0
        self._last = -_LINE_EVERY_S
        self._shown = ""

    def __call__(self, event: TaskEvent) -> None:
        """Show one event."""
        match event:
            case Moment():
                self._line(gettext(_SENTENCES[event.what]).format(detail=event.detail))
            case Progress():
                self._progress(event)
            case Trickle():
                self._line(gettext("Trickle message “{name}” ({count} bytes).").format(name=event.name, count=len(event.data)))
            case IntermediateUpload():
                self._line(gettext("File for upload: {path}").format(path=event.path))
            case _:
                assert_never(event)

    def _progress(self, progress: Progress) -> None:
        now = time.monotonic()
        text = self._text(progress)
        if self._moving:
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
            self._stream.flush()
        elif now - self._last >= _LINE_EVERY_S and text != self._shown:
            self._last = now
            self._shown = text
            self._stream.write(text + "\n")
            self._stream.flush()

    @staticmethod
    def _text(progress: Progress) -> str:
        filled = round(progress.fraction * _BAR)
        parts = [f"[{'#' * filled}{'.' * (_BAR - filled)}] {progress.fraction:6.1%}", f"{progress.elapsed_s:5.0f} s"]
        job = progress.job
        done, wanted, rate = (number(job.get(key)) for key in ("events_done", "events_wanted", "events_per_second"))
        if done is not None and wanted:
            parts.append(gettext("{done} of {wanted} events").format(done=f"{done:.0f}", wanted=f"{wanted:.0f}"))
        if rate:
            parts.append(gettext("{rate} events/s").format(rate=decimal(rate, 1)))
        state = job.get("state")
        if isinstance(state, str):
            parts.append(plain(state, 20))
        if progress.web_port:
            parts.append(f"http://127.0.0.1:{progress.web_port}/")
        return "  ".join(parts)

    def _line(self, text: str) -> None:
        if self._moving and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._width = 0
        self._stream.write(text + "\n")
        self._stream.flush()

    def finish(self) -> None:
        """End the moving line."""
        if self._moving and self._width:
            self._stream.write("\n")
            self._width = 0


def show_notice(notice: Notice, stream: TextIO | None = None) -> None:
    """An error as a person reads it."""
    out = stream or sys.stderr
    out.write(f"{plain(notice.title)} ({notice.code})\n  {plain(notice.body, _LONGEST_BODY)}\n")
    for remedy in notice.remedies:
        out.write(f"  → {plain(remedy, _LONGEST_BODY)}\n")
    out.flush()


def show_failure(failure: Failure) -> None:
    """A task that the agent put into ``failed``, and why, on standard error."""
    with contextlib.suppress(OSError):  # the agent works on when its terminal is gone
        tell(went_to_failed(failure.task, failure.code, failure.message))
        if failure.error is not None:
            show_notice(notice(failure.error))


def tell(text: str) -> None:
    """A sentence on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
