"""What a job shows of itself while it runs, in the folder of its status: histograms, a collision, and afterwards the list of finished jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from t4t_guest.files import read_json, write_json, write_whole
from t4t_guest.yoda import yoda_text

if TYPE_CHECKING:
    from t4t_guest.chunks import ChunkResult, Merger
    from t4t_guest.runspec import Runspec

HISTOGRAMS, YODA, EVENT, HISTORY = "histograms.json", "histograms.yoda", "event.json", "history.json"
OF_A_JOB = (HISTOGRAMS, YODA, EVENT)
"""What belongs to the running job alone."""
_HISTOGRAM_SECONDS = 2.0
_YODA_SECONDS = 15.0
"""A hundred times as much text as numbers change: seldom."""
_EVENT_SECONDS = 4.0
_KEPT_JOBS = 50


class Live:
    """Writes these files, no more often than somebody can look."""

    def __init__(self, folder: str | None, spec: Runspec, family: str) -> None:
        """Write to `folder` if there is one."""
        self._folder = folder
        self._spec = spec
        self._family = family
        self._started = time.monotonic()
        self._histograms_due = self._yoda_due = self._event_due = 0.0

    def begin(self, merger: Merger) -> None:
        """Show the empty histograms and no collision: what an earlier job has left must not pass for this one's."""
        if self._folder is not None:
            self._started = time.monotonic()
            write_json(f"{self._folder}/{EVENT}", {})
            self.histograms(merger, last=True)

    def chunk(self, result: ChunkResult, merger: Merger) -> None:
        """A chunk is finished: show what it brought, if it is time."""
        now = time.monotonic()
        if self._folder is not None and result.event and now >= self._event_due:
            self._event_due = now + _EVENT_SECONDS
            write_json(f"{self._folder}/{EVENT}", {"family": self._family, **result.event})
        self.histograms(merger)

    def histograms(self, merger: Merger, *, last: bool = False) -> None:
        """Write the histograms merged so far, at most every two seconds, as YODA more seldom."""
        now = time.monotonic()
        if self._folder is None:
            return
        if now >= self._histograms_due or last:
            self._histograms_due = now + _HISTOGRAM_SECONDS
            write_json(f"{self._folder}/{HISTOGRAMS}", live_histograms(merger))
        if now >= self._yoda_due or last:
            self._yoda_due = now + _YODA_SECONDS
            write_whole(f"{self._folder}/{YODA}", yoda_text(merger.histograms, folder=self._family, events=merger.events).encode())

    def end(self, state: str, merger: Merger, message: str = "") -> None:
        """Note the job in the list of finished ones, with its first histogram as a small picture."""
        if self._folder is None:
            return
        path = f"{self._folder}/{HISTORY}"
        before = read_json(path).get("jobs")
        spec = self._spec
        first = merger.histograms[0]
        entry = {
            **{name: getattr(spec, name) for name in ("beam", "process", "energy", "params", "generator", "version", "tune", "seed")},
            "runspec": spec.line,
            "events": merger.events,
            "seconds": round(time.monotonic() - self._started, 1),
            "finished": int(time.time()),
            "state": state,
            "message": message,
            "curve": {"name": first.booking.name, "heights": first.heights(merger.events)},
        }
        jobs = [*(before if isinstance(before, list) else []), entry][-_KEPT_JOBS:]
        write_json(path, {"jobs": jobs})


def live_histograms(merger: Merger) -> dict[str, object]:
    """Histograms as the web page shows them: (1/N) dn/dx and its error for each bin."""
    events = merger.events
    shown = []
    for histogram in merger.histograms:
        booking = histogram.booking
        unit = booking.bins / (booking.high - booking.low) / events if events else 0.0
        shown.append(
            {
                "name": booking.name,
                "title": booking.title,
                "xlabel": booking.xlabel,
                "ylabel": booking.ylabel,
                "low": booking.low,
                "high": booking.high,
                "entries": histogram.entries,
                "mean": histogram.mean,
                "heights": histogram.heights(events),
                "errors": [count**0.5 * unit for count in histogram.counts[: booking.bins]],
            }
        )
    return {"events": events, "histograms": shown}
