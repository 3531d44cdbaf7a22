"""Chunks, their merging, histograms and the result's format."""

from __future__ import annotations

import gzip
import io
import math
import tarfile
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t_guest.archive import archive_bytes
from t4t_guest.chunks import ChunkResult, Merger, chunk_events, chunk_seed, plan
from t4t_guest.histogram import Booking, Histogram
from t4t_guest.runspec import MAX_SEED
from t4t_guest.yoda import yoda_text

if TYPE_CHECKING:
    import random

BOOKING = Booking("pt", "Transverse momentum", "pT [GeV]", "(1/N) dn/dpT", 10, 0.0, 5.0)
VALUES = st.lists(st.floats(-1e6, 1e6), max_size=50)


def filled(values: list[float]) -> Histogram:
    histogram = Histogram(BOOKING)
    histogram.fill_all(values)
    return histogram


def result_of(values: list[float], events: int = 1) -> ChunkResult:
    histogram = filled(values)
    return ChunkResult(events, 0, 1.5, 0.25, [(histogram.counts, histogram.sums, histogram.squares)])


@given(st.integers(1, 3_000_000), st.integers(1, MAX_SEED))
def test_the_plan_covers_the_job_exactly(events: int, seed: int) -> None:
    size = chunk_events(events)
    first = [chunk for chunk, _ in zip(plan(events, seed), range(200), strict=False)]
    assert all(chunk.events == size for chunk in first[:-1])
    assert [chunk.number for chunk in first] == list(range(len(first)))
    if len(first) < 200:
        assert sum(chunk.events for chunk in first) == events


def test_a_small_job_still_spreads() -> None:
    assert len(list(plan(20, 7))) == 4


@given(st.integers(1, MAX_SEED), st.integers(0, 10**6))
def test_chunk_seeds_are_seeds_of_the_generator(seed: int, number: int) -> None:
    assert 1 <= chunk_seed(seed, number) <= MAX_SEED


def test_chunks_of_one_job_have_different_seeds() -> None:
    assert len({chunk_seed(7, number) for number in range(2000)}) == 2000


@given(st.lists(VALUES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_the_order_of_arrival(contents: list[list[float]], shuffle: random.Random) -> None:
    def text(order: list[int]) -> str:
        merger = Merger([BOOKING])
        for number in order:
            merger.add(number, result_of(contents[number]))
        assert merger.next_number == len(contents)
        return yoda_text(merger.histograms, folder="x", events=merger.events)

    numbers = list(range(len(contents)))
    shuffled = list(numbers)
    shuffle.shuffle(shuffled)
    assert text(numbers) == text(shuffled)


def test_a_chunk_is_taken_only_once() -> None:
    merger = Merger([BOOKING])
    merger.add(1, result_of([1.0]))
    with pytest.raises(ValueError, match="twice"):
        merger.add(1, result_of([1.0]))
    assert merger.events == 0
    merger.add(0, result_of([1.0]))
    assert merger.events == 2
    with pytest.raises(ValueError, match="twice"):
        merger.add(0, result_of([1.0]))


def test_cross_sections_are_weighted_by_events() -> None:
    merger = Merger([BOOKING])
    merger.add(0, result_of([], events=3)._replace(cross_section=1.0, cross_section_error=0.1))
    merger.add(1, result_of([], events=1)._replace(cross_section=5.0, cross_section_error=0.3))
    mean, error = merger.cross_section
    assert mean == 2.0
    assert error == pytest.approx(math.hypot(0.3, 0.3) / 4)


@given(VALUES)
def test_filling_one_by_one_is_filling_all(values: list[float]) -> None:
    single = Histogram(BOOKING)
    for value in values:
        single.fill(value)
    together = filled(values)
    assert (single.counts, single.sums, single.squares) == (together.counts, together.sums, together.squares)
    assert single.entries == len(values)


def test_a_value_that_is_no_number_is_left_out() -> None:
    histogram = filled([math.nan])
    histogram.fill(math.nan)
    assert histogram.entries == 0


def test_edges_belong_to_the_bin_above() -> None:
    histogram = filled([0.0, 0.5, 5.0, -0.1])
    assert histogram.counts == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]


def parse_block(block: list[str]) -> tuple[str, dict[str, str], dict[str, list[float]], list[list[float]]]:
    """Read one Histo1D of version 2 strictly, independent of the writer."""
    kind, path = block[0].removeprefix("BEGIN ").split(" ")
    assert kind == "YODA_HISTO1D_V2"
    assert block[-1] == "END YODA_HISTO1D_V2"
    split = block.index("---")
    notes = dict(line.split(": ", 1) for line in block[1:split])
    assert notes["Path"] == path
    assert notes["Type"] == "Histo1D"
    totals: dict[str, list[float]] = {}
    bins: list[list[float]] = []
    for line in block[split + 1 : -1]:
        if line.startswith("#"):
            continue
        cells = line.split("\t")
        assert len(cells) == 7
        if cells[0].strip() in {"Total", "Underflow", "Overflow"}:
            assert cells[0].strip() == cells[1].strip()
            totals[cells[0].strip()] = [float(cell) for cell in cells[2:]]
        else:
            bins.append([float(cell) for cell in cells])
    return path, notes, totals, bins


@given(VALUES, st.integers(1, 1000))
def test_yoda_text_reads_back(values: list[float], events: int) -> None:
    histogram = filled(values)
    text = yoda_text([histogram], folder="ee", events=events)
    path, notes, totals, bins = parse_block(text.rstrip("\n").splitlines())
    assert path == "/T4T/ee/pt"
    scale = float(notes["ScaledBy"])
    assert scale == 1.0 / events
    assert len(bins) == BOOKING.bins
    assert [row[6] for row in bins] == histogram.counts[: BOOKING.bins]
    assert all(one[1] == two[0] for one, two in pairwise(bins))
    assert (bins[0][0], bins[-1][1]) == (BOOKING.low, BOOKING.high)
    assert totals["Total"][4] == len(values)
    assert totals["Total"][4] == sum(row[6] for row in bins) + totals["Underflow"][4] + totals["Overflow"][4]
    for low, high, sumw, sumw2, sumwx, _, entries in bins:
        assert sumw == entries * scale
        assert sumw2 == pytest.approx(entries * scale**2)
        if entries:
            assert low - 1e-9 <= sumwx / sumw <= high + 1e-9


def test_heights_are_per_event_and_unit() -> None:
    assert filled([0.1, 0.2, 0.7]).heights(2)[:2] == [2.0, 1.0]


def test_the_archive_has_no_dates_owners_or_names_of_its_own() -> None:
    files = {"b.txt": b"x" * 600, "a.json": b"{}"}
    packed = archive_bytes(files)
    assert packed == archive_bytes(dict(reversed(files.items())))
    assert packed[3] == 0
    assert packed[4:8] == bytes(4)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
        members = archive.getmembers()
        assert [member.name for member in members] == ["a.json", "b.txt"]
        assert {(member.mtime, member.uid, member.gid, member.mode) for member in members} == {(0, 0, 0, 0o644)}
        for member in members:
            stream = archive.extractfile(member)
            assert stream is not None
            assert stream.read() == files[member.name]
