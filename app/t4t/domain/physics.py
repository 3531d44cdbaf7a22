"""What a job simulates and what has come out so far, as everybody who looks on is shown it; read from a guest's own words, which are not trusted. Pure."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.collision import Collision  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.histogram import Histogram
from t4t.domain.runspec import MAX_EVENTS, Runspec, find_runspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_PLOTS: Final = 60
MAX_BINS: Final = 1000
"""Of one plot: more can't be told apart on any screen."""
MAX_ALL_BINS: Final = 20_000
"""Of all plots of one answer: about one and a half megabytes of JSON."""
MAX_TEXT: Final = 160
_MOST_CONSIDERED: Final = 200
_MAX_RATE: Final = 1e9
_MAX_SECONDS: Final = 1e10


class JobState(enum.Enum):
    """What the guest says that its job is doing."""

    WAITING = "waiting"
    INITIALISING = "initialising"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It says nothing that we know."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as its guest tells of it: times in seconds; 0 where nothing is known."""

    state: JobState = JobState.UNKNOWN
    spec: Runspec | None = None
    done: int = 0
    """Collisions computed."""
    wanted: int = 0
    rate: float = 0.0
    """Collisions a second."""
    elapsed_s: float = 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until its end at this pace; None where nobody can know."""
        if self.state is not JobState.RUNNING or self.rate <= 0 or not 0 < self.done < self.wanted:
            return None
        return (self.wanted - self.done) / self.rate

    @property
    def is_silent(self) -> bool:
        """It runs, and tells nothing of itself: what is known of it is in its input."""
        return self.state is JobState.UNKNOWN

    @property
    def fraction(self) -> float | None:
        """How much of it is done, from 0 to 1; None where it does not say how much there is."""
        return min(1.0, self.done / self.wanted) if self.wanted else None


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One histogram as it is drawn: bin *i* reaches from ``edges[i]`` to ``edges[i + 1]``."""

    name: str
    title: str
    x_label: str
    y_label: str
    edges: tuple[float, ...]
    heights: tuple[float, ...]
    errors: tuple[float, ...]
    entries: float
    mean: float | None = None
    log_y: bool = False

    def histogram(self) -> Histogram:
        """The same as a value to draw. Raises ValueError where it can't be drawn."""
        widths = [high - low for low, high in zip(self.edges, self.edges[1:], strict=False)]
        if not len(self.heights) == len(self.errors) == len(widths):
            raise ValueError("the numbers of edges and bins don't fit")
        nothing = (0.0,) * len(widths)
        return Histogram(
            path=f"/{self.name}",
            title=self.title,
            x_label=self.x_label,
            y_label=self.y_label,
            edges=self.edges,
            sumw=tuple(height * width for height, width in zip(self.heights, widths, strict=True)),
            sumw2=tuple((error * width) * (error * width) for error, width in zip(self.errors, widths, strict=True)),
            sumwx=nothing,
            sumwx2=nothing,
            entries=nothing,
            log_y=self.log_y,
        )


class Physics(msgspec.Struct, frozen=True, kw_only=True):
    """What one task simulates; ``at`` is when the plots were as they are (seconds since 1970), None: there are none yet."""

    task: str = ""
    """Its key; empty where nothing was ever seen."""
    name: str = ""
    live: bool = False
    """Its guest answers at this moment: the plots fill while somebody looks."""
    at: float | None = None
    job: Job = Job()
    plots: tuple[Plot, ...] = ()
    collision: Collision | None = None
    """One of the job's, where it was asked for."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One result that was kept, for the list: ``at`` is its end in seconds since 1970; ``plots`` is how many histograms it has."""

    id: str
    task: str
    at: float
    spec: Runspec | None = None
    events: int = 0
    cross_section_mb: float | None = None
    """In millibarn, as the generator found it; None: it says nothing."""
    plots: int = 0


class ResultDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The same with its histograms."""

    result: Result
    plots: tuple[Plot, ...] = ()


# --- what a guest says -----------------------------------------------------------------------------------------------


def read_job(said: object) -> Job:
    """``/job/index.json`` of a guest: what makes no sense in it is nothing said."""
    if not isinstance(said, dict):
        return Job()
    state = said.get("state")
    line = said.get("runspec")
    spec = find_runspec(line) if isinstance(line, str) else None
    wanted = _whole(said.get("events_wanted")) or (0 if spec is None else spec.events)
    return Job(
        state=next((one for one in JobState if one.value == state), JobState.UNKNOWN),
        spec=spec,
        done=min(_whole(said.get("events_done")), wanted or MAX_EVENTS),
        wanted=wanted,
        rate=_within(said.get("events_per_second"), _MAX_RATE),
        elapsed_s=_within(said.get("elapsed_seconds"), _MAX_SECONDS),
    )


def read_live(said: object) -> tuple[Plot, ...]:
    """``/job/histograms.json`` of a guest, in its order; a histogram that can't be drawn is left out, and so are those beyond what we show."""
    listed = said.get("histograms") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        return ()
    found = (_live(one) for one in listed[:_MOST_CONSIDERED] if isinstance(one, dict))
    return bounded(one for one in found if one is not None)


def bounded(plots: Iterable[Plot]) -> tuple[Plot, ...]:
    """As many of ``plots`` as one answer holds; each can be drawn, and each name is there once."""
    kept: dict[str, Plot] = {}
    room = MAX_ALL_BINS
    for plot in plots:
        bins = len(plot.heights)
        if len(kept) == MAX_PLOTS or bins > room:
            break
        if plot.name not in kept and bins <= MAX_BINS and _is_drawable(plot):
            kept[plot.name] = plot
            room -= bins
    return tuple(kept.values())


def plot_of(histogram: Histogram) -> Plot:
    """A histogram of a result."""
    return Plot(
        name=_text(histogram.path.rpartition("/")[2]),
        title=_text(histogram.title),
        x_label=_text(histogram.x_label),
        y_label=_text(histogram.y_label),
        edges=histogram.edges,
        heights=histogram.heights,
        errors=histogram.errors,
        entries=histogram.total.entries,
        mean=histogram.mean,
        log_y=histogram.log_y,
    )


def read_facts(job: Mapping[str, object]) -> tuple[Runspec | None, int, float | None]:
    """Of a result's ``job.json``: which job it was, how many collisions it has, and the cross section in millibarn."""
    line = job.get("runspec")
    section = _number(job.get("cross_section_mb"))
    return find_runspec(line) if isinstance(line, str) else None, _whole(job.get("events")), section if section is not None and section > 0 else None


def _live(said: Mapping[object, object]) -> Plot | None:
    heights, errors = _numbers(said.get("heights")), _numbers(said.get("errors"))
    low, high = _number(said.get("low")), _number(said.get("high"))
    if not heights or len(heights) > MAX_BINS or len(errors) != len(heights) or low is None or high is None or not low < high:
        return None
    bins = len(heights)
    edges = (*(low + (high - low) * number / bins for number in range(bins)), high)
    return Plot(
        name=_text(said.get("name")),
        title=_text(said.get("title")),
        x_label=_text(said.get("xlabel")),
        y_label=_text(said.get("ylabel")),
        edges=edges,
        heights=heights,
        errors=tuple(map(abs, errors)),
        entries=max(0.0, _number(said.get("entries")) or 0.0),
        mean=_number(said.get("mean")),
    )


def _is_drawable(plot: Plot) -> bool:
    try:
        plot.histogram()
    except ValueError:
        return False
    return True


def _text(said: object) -> str:
    """One printable line; nothing where it is no text."""
    if not isinstance(said, str):
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in said[:MAX_TEXT]).strip()


def _number(said: object) -> float | None:
    """A finite number; truth is none."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        value = float(said)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _numbers(said: object) -> tuple[float, ...]:
    """A list of finite numbers; none at all where one of them is none."""
    if not isinstance(said, list) or len(said) > MAX_BINS:
        return ()
    found = [_number(one) for one in said]
    return tuple(one for one in found if one is not None) if None not in found else ()


def _whole(said: object) -> int:
    value = _number(said)
    return int(value) if value is not None and 0 <= value <= MAX_EVENTS else 0


def _within(said: object, most: float) -> float:
    value = _number(said)
    return value if value is not None and 0 <= value <= most else 0.0
