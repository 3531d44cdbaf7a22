"""The guest's reading of runspecs, kind ones and hostile ones."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from t4t_guest.physics import TUNES, process_for
from t4t_guest.runspec import MAX_EVENTS, MAX_SEED, RefusedError, Runspec, parse_runspec

LINE = "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 1000 7"


def test_the_example_of_the_specification() -> None:
    assert parse_runspec(LINE) == Runspec("pp", "jets", 13000.0, "20", "-", "pythia8", "8.317", "tune-monash13", 1000, 7)


def test_words_before_and_other_lines_do_not_matter() -> None:
    text = f"#!/bin/sh\n# a comment\nexport X=1\n./runRivet.sh {LINE} extra words\nboinc ee zhad 91.2 - - pythia8 8.317 default 1 1\n"
    assert parse_runspec(text).line == LINE


def test_quotes_around_words_are_taken_off() -> None:
    assert parse_runspec("""run "boinc" """ + LINE.replace("jets", '"jets"')).process == "jets"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "boinc",
        "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 1000",
        LINE.replace(" 1000 ", " 0 "),
        LINE.replace(" 1000 ", " -5 "),
        LINE.replace(" 1000 ", " 1e3 "),
        LINE.replace(" 1000 ", f" {MAX_EVENTS + 1} "),
        LINE.replace(" 1000 ", " ١٢ "),
        LINE[:-1] + str(MAX_SEED + 1),
        LINE[:-1] + "9" * 5000,
        LINE.replace("13000", "nan"),
        LINE.replace("13000", "inf"),
        LINE.replace("13000", "1_3000"),
        LINE.replace("13000", "1"),
        LINE.replace("jets", "j" * 81),
        LINE.replace("jets", "je\x07ts"),
    ],
)
def test_wrong_runspecs_are_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        parse_runspec(text)


@given(st.text(max_size=300))
@example("boinc " * 30)
@example("\0" * 100)
def test_any_text_gives_a_runspec_or_a_refusal(text: str) -> None:
    try:
        spec = parse_runspec(text)
    except RefusedError:
        return
    assert 1 <= spec.events <= MAX_EVENTS
    assert 1 <= spec.seed <= MAX_SEED


WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'"), min_size=1, max_size=80)


@given(st.tuples(WORD, WORD, st.integers(10, 100_000).map(float), WORD, WORD, WORD, WORD, WORD, st.integers(1, MAX_EVENTS), st.integers(1, MAX_SEED)))
def test_the_normal_form_reads_back_as_itself(values: tuple[str, str, float, str, str, str, str, str, int, int]) -> None:
    spec = Runspec(*values)
    if "boinc" not in values:
        assert parse_runspec(spec.line) == spec


def spec_of(**changes: str) -> Runspec:
    words = parse_runspec(LINE)
    return Runspec(**{**words._asdict(), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"beam": "pbarp"},
        {"process": "higgs"},
        {"generator": "herwig7"},
        {"tune": "tune-AZ"},
        {"tune": "14\nBeams:idA = 11"},
        {"beam": "ee"},
        {"params": "-3"},
        {"params": "99999"},
    ],
)
def test_what_is_not_known_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        process_for(spec_of(**changes))


def test_the_cut_goes_into_the_settings() -> None:
    assert "PhaseSpace:pTHatMin = 35.0" in process_for(spec_of(params="35,-,x")).settings


@given(
    process=st.sampled_from(["jets", "z", "softqcd", "soft-inelastic"]),
    params=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
    tune=st.sampled_from(sorted(TUNES)),
)
def test_no_word_of_the_input_reaches_pythia_as_it_is(process: str, params: str, tune: str) -> None:
    spec = spec_of(process=process, params=params or "-", tune=tune)
    try:
        settings = process_for(spec).settings
    except RefusedError:
        return
    for line in settings:
        name, _, value = line.partition(" = ")
        assert name.replace(":", "").isalnum()
        assert value in {"on", "off", "11 13"} or float(value) >= 0
