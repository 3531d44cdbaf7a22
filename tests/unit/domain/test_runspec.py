"""The line that says what a job computes: as MCPlots writes it, and as anybody could."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.runspec import MAX_ENERGY_GEV, MAX_EVENTS, MAX_WORD, Runspec, find_runspec

LINE = "boinc pp jets 13000 150,-,2360 - pythia8 8.235 tune-A2m 91000 195"


def test_as_jobs_of_lhc_at_home_have_it() -> None:
    found = find_runspec(f"#!/bin/bash\nset -e\n./runRivet.sh {LINE}\nexit 0\n")
    assert found == Runspec(
        beam="pp",
        process="jets",
        energy=13000.0,
        params="150,-,2360",
        specific="-",
        generator="pythia8",
        version="8.235",
        tune="tune-A2m",
        events=91000,
        seed=195,
    )
    assert (found.cut, found.family) == (150.0, "jets")


@pytest.mark.parametrize(
    ("line", "cut", "family"),
    [
        ("boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 60 7", None, "ee"),
        ("boinc pp softqcd 13000 - - pythia8 8.317 default 60 7", None, "soft"),
        ("boinc pp z 7000 0,- - sherpa 1.4.0 default 40000 196", None, "z"),
        ("boinc pp jets 7000 -,5 - sherpa 1.4.0 default 40000 196", None, "jets"),
        ("boinc ppbar uemb-soft 630 - - herwig++ 2.4.2 default 100 456", None, ""),
        ("boinc pp winclusive 7000 10 0,1 alpgenpythia6 2.1.4_6.425 350-CTEQ5L 100 123", 10.0, ""),
    ],
)
def test_kinds_of_jobs(line: str, cut: float | None, family: str) -> None:
    found = find_runspec(line)
    assert found is not None
    assert (found.cut, found.family) == (cut, family)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "boinc",
        "pp jets 13000 20 - pythia8 8.317 tune-monash13 1000 7",
        "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 1000",
        "boinc pp jets 0 20 - pythia8 8.317 tune-monash13 1000 7",
        "boinc pp jets 1e4 20 - pythia8 8.317 tune-monash13 1000 7",
        "boinc pp jets 9999999 20 - pythia8 8.317 tune-monash13 1000 7",
        "boinc pp jets nan 20 - pythia8 8.317 tune-monash13 1000 7",
        "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 0 7",
        "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 1000000000001 7",
        "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 -5 7",
        "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 ١٠٠ 7",
        "boinc pp jéts 13000 20 - pythia8 8.317 tune-monash13 1000 7",
        "boinc pp '' 13000 20 - pythia8 8.317 tune-monash13 1000 7",
        f"boinc pp {'j' * (MAX_WORD + 1)} 13000 20 - pythia8 8.317 tune-monash13 1000 7",
    ],
)
def test_what_is_none(line: str) -> None:
    assert find_runspec(line) is None
    assert find_runspec(f"{line}\n{LINE}") is not None, "the next line counts"


WORDS = st.text(max_size=90) | st.sampled_from(["-", "pp", "jets", "13000", "8.317", "1000", "7", "'x'", "1e9", "\x00", "boinc"])


@given(st.lists(WORDS, max_size=14))
def test_whatever_is_read_is_within_bounds(words: list[str]) -> None:
    found = find_runspec(f"boinc {' '.join(words)}")
    if found is not None:
        assert 0 < found.energy <= MAX_ENERGY_GEV
        assert 0 < found.events <= MAX_EVENTS
        assert found.seed >= 0
        for name in ("beam", "process", "params", "specific", "generator", "version", "tune"):
            word = getattr(found, name)
            assert 0 < len(word) <= MAX_WORD
            assert word.isascii()
            assert word.isprintable()
        assert found.cut is None or found.cut > 0
