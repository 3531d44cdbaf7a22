"""What a guest says of its job: recorded ones, and whatever else a guest may say."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.guest_web import JOBS, recorded
from t4t.domain.histogram import Histogram, Tally
from t4t.domain.physics import (
    MAX_ALL_BINS,
    MAX_BINS,
    MAX_PLOTS,
    MAX_TEXT,
    Job,
    JobState,
    Physics,
    Plot,
    bounded,
    plot_of,
    read_facts,
    read_job,
    read_live,
)

PLOT = Plot(name="nch", title="t", x_label="x", y_label="y", edges=(0.0, 1.0, 2.0), heights=(1.0, 2.0), errors=(0.5, 0.1), entries=3.0, mean=1.2)


@pytest.mark.parametrize("name", JOBS)
def test_recorded_jobs(name: str) -> None:
    said = recorded(name, "index")
    job = read_job(said)
    assert (job.state, job.done, job.wanted) == (JobState.RUNNING, said["events_done"], said["events_wanted"])
    assert job.rate == said["events_per_second"]
    assert job.spec is not None
    assert (job.spec.beam, job.spec.process, job.spec.energy, job.spec.family) == (said["beam"], said["process"], said["energy"], name)
    assert job.left_s == pytest.approx((job.wanted - job.done) / job.rate)
    assert job.fraction == pytest.approx(1 / 3)
    plots = read_live(recorded(name, "histograms"))
    listed = recorded(name, "histograms")["histograms"]
    assert [plot.name for plot in plots] == [one["name"] for one in listed]
    for plot, one in zip(plots, listed, strict=True):
        assert plot.edges[0] == one["low"]
        assert plot.edges[-1] == one["high"]
        assert plot.histogram().heights == pytest.approx(one["heights"])
        assert plot.histogram().errors == pytest.approx(one["errors"])


@pytest.mark.parametrize("said", [None, [], "x", 7, {}, {"state": 3, "runspec": [], "events_done": True, "events_wanted": "many", "events_per_second": -1}])
def test_a_guest_that_says_nothing_of_use(said: object) -> None:
    assert read_job(said) == Job()
    assert Job().is_silent
    assert Job().fraction is None
    assert Job().left_s is None
    assert read_live(said) == ()


def test_what_is_left_is_said_only_where_it_can_be_known() -> None:
    job = Job(state=JobState.RUNNING, done=10, wanted=30, rate=2.0)
    assert job.left_s == 10
    for changes in ({"rate": 0.0}, {"done": 0}, {"done": 30}, {"state": JobState.DONE}):
        assert msgspec.structs.replace(job, **changes).left_s is None


def test_more_done_than_wanted_is_all() -> None:
    assert read_job({"events_done": 900, "events_wanted": 30}).fraction == 1
    assert read_job({"events_done": 900}).done == 900
    assert read_job({"runspec": "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 60 7"}).wanted == 60


LIVE: dict[str, Any] = {
    "name": "n",
    "title": "t",
    "xlabel": "x",
    "ylabel": "y",
    "low": 0,
    "high": 2,
    "entries": 3,
    "mean": 1,
    "heights": [1, 2],
    "errors": [0, 1],
}


def live(**changes: Any) -> tuple[Plot, ...]:
    return read_live({"events": 1, "histograms": [LIVE | changes]})


@pytest.mark.parametrize(
    "changes",
    [
        {"low": 2},
        {"low": None},
        {"high": "2"},
        {"high": math.inf},
        {"heights": []},
        {"heights": [1]},
        {"heights": [1, math.nan]},
        {"heights": [1, True]},
        {"heights": [1, 10**400]},
        {"heights": [1, 1e301]},
        {"heights": "ab"},
        {"errors": [0, None]},
        {"heights": [1.0] * (MAX_BINS + 1), "errors": [1.0] * (MAX_BINS + 1)},
        {"low": -1e308, "high": 1e308},
        {"low": 1, "high": math.nextafter(1, 2)},
    ],
)
def test_what_can_not_be_drawn_is_left_out(changes: dict[str, Any]) -> None:
    assert live()[0].heights == (1.0, 2.0)
    assert live(**changes) == ()
    assert len(read_live({"histograms": [LIVE | changes, 7, LIVE]})) == 1


def test_words_are_one_short_printable_line() -> None:
    (plot,) = live(title="a\nb\x1b[31m" + "x" * 500, name=7, mean=math.nan, entries=-4)
    assert plot.title.startswith("a b [31m")
    assert len(plot.title) <= MAX_TEXT
    assert (plot.name, plot.mean, plot.entries) == ("", None, 0.0)


def test_the_number_of_plots_and_bins_is_bounded() -> None:
    many = [LIVE | {"name": str(number)} for number in range(500)]
    assert len(read_live({"histograms": many})) == MAX_PLOTS
    assert len(read_live({"histograms": [LIVE, LIVE]})) == 1, "each name is there once"
    wide = [LIVE | {"name": str(number), "heights": [1.0] * MAX_BINS, "errors": [0.0] * MAX_BINS} for number in range(60)]
    assert sum(len(plot.heights) for plot in read_live({"histograms": wide})) == MAX_ALL_BINS
    long = msgspec.structs.replace(PLOT, edges=tuple(map(float, range(MAX_BINS + 2))), heights=(1.0,) * (MAX_BINS + 1), errors=(0.0,) * (MAX_BINS + 1))
    assert bounded([long, PLOT]) == (PLOT,)


def test_a_plot_with_columns_that_do_not_fit() -> None:
    broken = msgspec.structs.replace(PLOT, errors=(1.0,))
    assert bounded([broken]) == ()
    with pytest.raises(ValueError, match="don't fit"):
        broken.histogram()


def test_of_a_result() -> None:
    shown = Histogram(
        path="/T4T/jets/jet_pt",
        title="Jets",
        x_label="pT",
        y_label="n",
        edges=(0.0, 1.0, 4.0),
        sumw=(2.0, 3.0),
        sumw2=(2.0, 9.0),
        sumwx=(1.0, 5.0),
        sumwx2=(1.0, 9.0),
        entries=(2.0, 1.0),
        total=Tally(sumw=5.0, sumw2=11.0, entries=3.0),
        log_y=True,
    )
    plot = plot_of(shown)
    assert (plot.name, plot.entries, plot.log_y, plot.mean) == ("jet_pt", 3.0, True, 1.2)
    assert plot.histogram().heights == shown.heights
    assert plot.histogram().errors == pytest.approx(shown.errors)


def test_the_facts_of_a_result() -> None:
    line = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 60 7"
    spec, events, section = read_facts({"runspec": line, "events": 60, "cross_section_mb": 4e-5})
    assert spec is not None
    assert (spec.seed, events, section) == (7, 60, 4e-5)
    assert read_facts({"runspec": 3, "events": -1, "cross_section_mb": -2}) == (None, 0, None)
    assert read_facts({}) == (None, 0, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from([*LIVE, "histograms", "state", "runspec", "events_done"]), inner, max_size=8),
    max_leaves=30,
)
NUMBERS = st.floats() | st.integers() | st.none() | st.booleans()
HISTOGRAM = st.fixed_dictionaries(
    {"low": NUMBERS, "high": NUMBERS, "heights": st.lists(NUMBERS, max_size=8), "errors": st.lists(NUMBERS, max_size=8)},
    optional={"name": JSON, "title": JSON, "entries": NUMBERS, "mean": NUMBERS},
)


@settings(max_examples=200)
@given(JSON | st.fixed_dictionaries({"histograms": st.lists(HISTOGRAM | JSON, max_size=5)}))
def test_whatever_a_guest_says_can_be_shown_and_sent(said: Any) -> None:
    physics = Physics(job=read_job(said), plots=read_live(said))
    for plot in physics.plots:
        assert plot.histogram().bin_count == len(plot.heights)
    sent = msgspec.json.encode(physics)
    assert msgspec.json.decode(sent, type=Physics) == physics
    json.loads(sent, parse_constant=pytest.fail)
