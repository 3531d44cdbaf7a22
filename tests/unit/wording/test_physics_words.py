"""A job, its histograms and its results in words: known ones, unknown ones, and whatever a guest may have said."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.guest_web import JOBS, recorded
from t4t.domain.collision import read_collision
from t4t.domain.physics import Job, JobState, Physics, Plot, Result, read_job, read_live
from t4t.domain.runspec import Runspec, find_runspec
from t4t.wording import physics as words
from t4t.wording.numbers import figure
from t4t.wording.screen import Reader

NOW = 1_795_413_810.0
READER = Reader(NOW)
NB = "\N{NO-BREAK SPACE}"


def spec(line: str = "pp jets 13000 20 - pythia8 8.317 tune-monash13 100000 7") -> Runspec:
    found = find_runspec(f"boinc {line}")
    assert found is not None
    return found


def job(**changes: Any) -> Job:
    return msgspec.structs.replace(Job(state=JobState.RUNNING, spec=spec(), done=72_000, wanted=100_000, rate=118.4, elapsed_s=10), **changes)


def test_every_word_and_every_empty_place_has_its_words() -> None:
    assert all(words.word(key) for key in words._WORDS)
    assert all(words.empty(key)[1] for key in words._EMPTY)
    assert all(title and text for title, text in words.who())
    assert all(address.startswith("https://") for _, address in words.SOURCES)


def test_a_running_job() -> None:
    told = words.headline(Physics(live=True, at=NOW, job=job()), READER)
    assert told == words.JobText(f"Right now: proton–proton collisions at 13{NB}TeV", "Pythia 8.317 · jets · tune Monash 2013")
    assert words.progress(job()) == ("72,000 of 100,000 collisions", "118 a second · about 4 min left")


@pytest.mark.parametrize(
    ("physics", "title"),
    [
        (Physics(live=True, at=NOW, job=job(state=JobState.INITIALISING)), "Coming up: proton"),
        (Physics(job=job(state=JobState.UNKNOWN)), "Coming up: proton"),
        (Physics(live=True, job=job(state=JobState.UNKNOWN)), "Right now: proton"),
        (Physics(live=True, at=NOW, job=job(state=JobState.DONE)), "Last: proton"),
        (Physics(live=False, at=NOW, job=job()), "Last: proton"),
        (Physics(live=True, at=NOW), "A job is running"),
        (Physics(at=NOW), "Simulated last"),
    ],
)
def test_headlines(physics: Physics, title: str) -> None:
    assert words.headline(physics, READER).title.startswith(title)


def test_what_was_seen_last_says_when() -> None:
    below = words.headline(Physics(at=NOW - 3 * 86400, job=job()), READER).below
    assert "as of 2026-11-20" in below
    assert "as of" not in words.headline(Physics(live=True, at=NOW, job=job(state=JobState.DONE)), READER).below


def test_progress_says_only_what_is_known() -> None:
    assert words.progress(Job()) == ("", "")
    assert words.progress(job(state=JobState.UNKNOWN)) == ("", "")
    assert words.progress(job(state=JobState.DONE, done=100_000)) == ("100,000 of 100,000 collisions", "")
    assert words.progress(job(done=0, rate=0)) == ("0 of 100,000 collisions", "")
    assert words.progress(job(rate=0.25))[1].startswith("0.25 a second")
    assert words.progress(job(done=99_999))[1] == "118 a second · less than a minute left"
    assert words.progress(job(rate=1e-8))[1] == "1e-08 a second"


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("pp jets 13000 20 - pythia8 8.317 default 10 7", "Pythia 8.317"),
        ("pp jets 13000 20 - pythia8 - default 10 7", "Pythia 8"),
        ("pp jets 13000 20 - herwig++ 2.6.3 default 10 7", "Herwig++ 2.6.3"),
        ("ee zhad 91.2 - - vincia 1.0.25_8.150 jeppsson3 10 7", "Vincia 1.0.25_8.150"),
        ("pp jets 13000 20 - newgen 1.2 x 10 7", "newgen 1.2"),
    ],
)
def test_programs(line: str, program: str) -> None:
    assert words.program(spec(line)) == program


def test_a_job_in_short() -> None:
    assert words.in_short(spec())[0] == "Jets"
    assert words.in_short(spec())[1].startswith("A quark or gluon")
    assert words.in_short(spec("pp what 13000 - - pythia8 8.317 default 10 7")) == ("", "")


def test_each_word_is_explained_where_we_can() -> None:
    rows = {row.name: row for row in words.rows(spec())}
    assert list(rows) == ["Beams", "Process", "Energy", "Cut", "Program", "Tune", "Collisions", "Seed"]
    assert rows["Beams"].value == "protons on protons"
    assert rows["Cut"].value == f"at least 20{NB}GeV across the beam"
    assert rows["Tune"].value == "Monash 2013"
    assert "dials" in rows["Tune"].about
    assert "Melbourne" in rows["Tune"].about
    assert words.source(rows["Tune"]) == "Source: arXiv:1404.5630"
    assert words.source(rows["Seed"]) == ""
    assert all(row.about for row in rows.values())
    unknown = {row.name: row for row in words.rows(spec("muons what 91.2 - - newgen 1.2 odd 10 7"))}
    assert [unknown[name].value for name in ("Beams", "Process", "Energy", "Cut", "Program", "Tune")] == [
        "muons",
        "what",
        f"91.2{NB}GeV",
        "no cut",
        "newgen 1.2",
        "odd",
    ]
    assert unknown["Process"].about == ""


@pytest.mark.parametrize("name", JOBS)
def test_every_histogram_of_the_reference_guest_has_words(name: str) -> None:
    told = read_job(recorded(name, "index"))
    for plot in read_live(recorded(name, "histograms")):
        shown = words.shown(plot, told.spec)
        assert shown is not None
        assert shown.about
        assert shown.title != plot.title
        assert shown.histogram.y_label.startswith("how often, per collision")
        assert shown.histogram.x_label.endswith(f"[{shown.unit}]") == bool(shown.unit)
        assert plot.title in shown.symbols
        assert words.spoken_plot(shown).startswith(f"Histogram: {shown.title}, ")
        raw = words.shown(plot, None)
        assert raw is not None
        assert (raw.title, raw.histogram.x_label, raw.about) == (plot.title, plot.x_label, "")


PLOT = Plot(
    name="jet_pt", title="Jets", x_label="pT [GeV]", y_label="n", edges=(20.0, 24.0, 28.0), heights=(0.034, 0.0), errors=(0.002, 0.0), entries=1234, mean=22.0
)


def test_values_in_words() -> None:
    shown = words.shown(PLOT, spec())
    assert shown is not None
    assert words.bin_value(shown, 0) == "20 to 24 GeV: 0.034 ± 0.002"
    assert words.entries(shown) == f"1,234 entries, mean 22{NB}GeV"
    assert words.spoken_plot(shown) == f"Histogram: Jets: push sideways, 2 bins, highest at 20 to 24 GeV: 0.034 ± 0.002. 1,234 entries, mean 22{NB}GeV"
    plain = words.shown(msgspec.structs.replace(PLOT, x_label="", mean=None, entries=1), None)
    assert plain is not None
    assert words.bin_value(plain, 1) == "24 to 28: 0 ± 0"
    assert words.entries(plain) == "1 entry"
    without_unit = dataclasses.replace(plain, mean=2.5, entries=2.0)
    assert words.entries(without_unit) == "2 entries, mean 2.5"
    empty = words.shown(msgspec.structs.replace(PLOT, heights=(0.0, 0.0)), spec())
    assert empty is not None
    assert words.spoken_plot(empty) == "Histogram: Jets: push sideways, no entries yet"
    assert words.shown(msgspec.structs.replace(PLOT, errors=()), spec()) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.034, "0.034"),
        (-2.5, "−2.5"),
        (1234.4, "1,234"),
        (999_999.0, "999,999"),
        (2e7, "2.00×10⁷"),
        (0.00012, "0.00012"),
        (0.000012, "1.20×10⁻⁵"),
        (-1e-300, "−1.00×10⁻³⁰⁰"),
    ],
)
def test_figures(value: float, text: str) -> None:
    assert figure(value) == text


def test_results() -> None:
    told = Result(id="a", task="theory_1", at=NOW - 60, spec=spec(), events=100_000, cross_section_mb=0.0123, plots=3)
    assert words.result_title(told) == f"Jets, proton–proton collisions at 13{NB}TeV"
    assert words.result_line(told, READER).endswith(f" · Jets, proton–proton collisions at 13{NB}TeV")
    assert words.result_facts(told, READER).startswith("Pythia 8.317 · 100,000 collisions · ")
    assert words.result_facts(told, READER).endswith(f"cross section 12.3{NB}µb")
    for section, text in ((56.2, "56.2 mb"), (4.14e-5, "41.4 nb"), (2e-9, "2 pb"), (2e-12, "0.002 pb")):
        assert words.result_facts(msgspec.structs.replace(told, cross_section_mb=section), READER).endswith(text.replace(" ", NB))
    bare = Result(id="a", task="theory_1", at=-1e18)
    assert words.result_line(bare, READER) == "theory_1"
    assert words.result_facts(bare, READER) == ""


def test_a_picture_says_nothing_of_whose_it_is() -> None:
    shown = words.shown(PLOT, spec())
    assert shown is not None
    assert words.picture_title(shown, spec()) == ("Jets: push sideways", f"proton–proton collisions at 13{NB}TeV · jets · Pythia 8.317")
    assert words.picture_title(shown, None) == ("Jets: push sideways", "")
    assert words.of_picture("Open", "Jets") == "Open: Jets"


@pytest.mark.parametrize("name", JOBS)
def test_a_collision_in_words(name: str) -> None:
    found = read_collision(recorded(name, "event"))
    assert found is not None
    caption = words.collision_caption(found, colored=True)
    assert caption.startswith("Seen along the beam")
    assert ("Amber" in caption) == (name == "z")
    assert words.collision_caption(found, colored=False) == "Seen along the beam, in a magnetic field."
    assert words.spoken_collision(found).startswith(f"One of your collisions: {found.count} particles would leave a signal; of the hardest ")


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=100)
@given(
    words_=st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20), min_size=7, max_size=7),
    title=st.text(max_size=200),
    live=st.booleans(),
    at=st.none() | FLOATS,
    state=st.sampled_from(JobState),
    numbers=st.tuples(FLOATS, FLOATS, FLOATS),
)
def test_whatever_was_said_can_be_shown(
    *, words_: list[str], title: str, live: bool, at: float | None, state: JobState, numbers: tuple[float, float, float]
) -> None:
    beam, process, params, specific, generator, version, tune = words_
    told = Runspec(
        beam=beam, process=process, energy=7000.0, params=params, specific=specific, generator=generator, version=version, tune=tune, events=10, seed=1
    )
    physics = Physics(live=live, at=at, job=Job(state=state, spec=told, done=3, wanted=10, rate=abs(numbers[0]) % 1e9))
    said = [*dataclasses.astuple(words.headline(physics, READER)), *words.progress(physics.job)]
    said.extend(text for row in words.rows(told) for text in dataclasses.astuple(row))
    plot = msgspec.structs.replace(
        PLOT, title=title, x_label=title, name=title[:20], heights=(numbers[1], 0.0), mean=numbers[2], entries=abs(numbers[2]) % 1e12
    )
    shown = words.shown(plot, told)
    if shown is not None:
        said.extend((shown.title, words.spoken_plot(shown), words.bin_value(shown, 0), *words.picture_title(shown, told)))
    assert all(text.replace(NB, "").isprintable() for text in said)
