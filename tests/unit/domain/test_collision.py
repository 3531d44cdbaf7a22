"""A collision as a picture: recorded ones, ways in a magnetic field, and whatever else a guest may say."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.guest_web import JOBS, recorded
from t4t.domain.collision import FIELD_T, LENGTH_M, MAX_PARTICLES, RADIUS_M, Collision, Part, Particle, read_collision, tracks, way


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ee", {Part.FIRST, Part.SECOND}),
        ("jets", {Part.FIRST, Part.SECOND, Part.REST}),
        ("soft", {Part.FIRST, Part.SECOND, Part.REST}),
        ("z", {Part.LEPTON, Part.REST}),
    ],
)
def test_recorded_collisions(name: str, parts: set[Part]) -> None:
    said = recorded(name, "event")
    found = read_collision(said)
    assert found is not None
    assert (found.family, found.count, len(found.particles)) == (name, said["count"], len(said["particles"]))
    drawn = tracks(found)
    assert {track.part for track in drawn} == parts
    assert 20 < len(drawn) <= len(found.particles)
    first_other = next((number for number, track in enumerate(drawn) if track.part is not Part.REST), 0)
    assert all(track.part is not Part.REST for track in drawn[first_other:]), "what matters lies above"
    if name == "z":
        assert sum(track.part is Part.LEPTON for track in drawn) == 2


def test_a_fast_charged_particle_reaches_the_edge_and_bends_by_its_charge() -> None:
    positive, negative = way(Particle(211, 1, 10.0, 0.0, 0.0)), way(Particle(-211, -1, 10.0, 0.0, 0.0))
    for points in (positive, negative):
        assert points[0] == (0.0, 0.0)
        assert math.hypot(*points[-1]) == pytest.approx(RADIUS_M)
    assert positive[-1][1] < 0 < negative[-1][1]
    radius = 10.0 / (0.3 * FIELD_T)
    assert abs(positive[-1][1]) == pytest.approx(RADIUS_M**2 / (2 * radius))


def test_a_slow_one_curls_up_and_one_along_the_beam_leaves_early() -> None:
    slow = way(Particle(211, 1, 0.3, 0.0, 0.0))
    assert max(math.hypot(*point) for point in slow) == pytest.approx(2 * 0.3 / (0.3 * FIELD_T))
    along = way(Particle(22, 0, 1.0, 0.0, 10.0))
    assert along[-1][0] == pytest.approx(LENGTH_M / 10)
    assert along[-1][1] == 0
    assert math.hypot(*way(Particle(211, 1, 1.0, 0.0, 100.0))[-1]) < LENGTH_M / 50
    assert math.hypot(*way(Particle(22, 0, 3.0, 4.0, 0.0))[-1]) == pytest.approx(RADIUS_M)


def test_fog_is_not_drawn() -> None:
    soft = Particle(22, 0, 0.3, 0.0, 0.0)
    slow = Particle(211, 1, 0.2, 0.0, 0.0)
    assert len(tracks(Collision(family="", count=2, particles=(soft, slow)))) == 1
    many = (Particle(211, 1, 5.0, 0.0, 0.0),) * 160
    assert len(tracks(Collision(family="", count=161, particles=(*many, slow)))) == 160


def test_jets_of_one_particle() -> None:
    (one,) = tracks(Collision(family="jets", count=1, particles=(Particle(211, 1, 5.0, 0.0, 0.0),)))
    assert one.part is Part.FIRST


GOOD = [211, 1, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("said", [None, [], {}, {"particles": 3}, {"particles": []}, {"particles": [[1, 2]]}])
def test_no_collision(said: object) -> None:
    assert read_collision(said) is None


@pytest.mark.parametrize(
    "row",
    [
        7,
        [],
        GOOD[:5],
        [True, *GOOD[1:]],
        ["211", *GOOD[1:]],
        [*GOOD[:2], math.nan, 1, 1, 1],
        [*GOOD[:2], 10**400, 1, 1, 1],
        [1, 9, *GOOD[2:]],
        [1, 0, 0, 0, 1, 1],
    ],
)
def test_particles_that_make_no_sense_are_left_out(row: object) -> None:
    found = read_collision({"family": 5, "count": 1, "particles": [row, GOOD, row]})
    assert found == Collision(family="", count=1, particles=(Particle(211, 1, 1.0, 2.0, 3.0),))


def test_bounds() -> None:
    found = read_collision({"family": "x" * 100, "count": 10**9, "particles": [GOOD] * 2000})
    assert found is not None
    assert (len(found.family), found.count, len(found.particles)) == (16, MAX_PARTICLES, MAX_PARTICLES)
    assert read_collision({"count": True, "particles": [GOOD]}) == read_collision({"count": 1, "particles": [GOOD]})


NUMBER = st.integers() | st.floats() | st.sampled_from([0, 1, -1, 211, -11, 0.1, 5.0, 1e5, -1e6])


@settings(max_examples=150)
@given(
    family=st.sampled_from([*JOBS, "", None, 3]),
    rows=st.lists(st.lists(NUMBER, min_size=6, max_size=6) | st.none() | st.lists(NUMBER, max_size=7), max_size=12),
    count=st.none() | NUMBER,
)
def test_whatever_a_guest_says_is_drawn_inside_of_the_picture(family: Any, rows: list[Any], count: Any) -> None:
    found = read_collision({"family": family, "particles": rows, "count": count})
    if found is None:
        return
    for track in tracks(found):
        assert all(math.hypot(x, y) <= RADIUS_M * (1 + 1e-9) for x, y in track.points)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Collision) == found
