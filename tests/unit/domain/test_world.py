"""Which countries of the map a project's volunteers name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from t4t.domain.community import Country
from t4t.domain.world import Shape, World, placed, step_of

WORLD = World(100, 50, (Shape("Czechia", (1, 1), (), ("Czech Republic",)), Shape("France", (2, 2))))


def _of(name: str, users: int) -> Country:
    return Country(name=name, users=users, total=0.0, recent=0.0)


def test_names_are_found_under_which_boinc_knows_them() -> None:
    said = [_of("Czech Republic", 3), _of("czechia ", 4), _of("France", 5), _of("", 6), _of("International", 7), _of("Atlantis", 8)]
    assert placed(WORLD, said) == ({"Czechia": 7, "France": 5}, 21)


@given(users=some.lists(some.tuples(some.sampled_from(("France", "Czechia", "", "x")), some.integers(0, 10**7)), max_size=20))
def test_nobody_is_lost(users: list[tuple[str, int]]) -> None:
    found, nowhere = placed(WORLD, [_of(*one) for one in users])
    assert sum(found.values()) + nowhere == sum(number for _, number in users)


@given(users=some.integers(-1, 10**8), most=some.integers(0, 10**8), more=some.integers(0, 10**6))
def test_more_people_never_have_a_paler_colour(users: int, most: int, more: int) -> None:
    step, next_ = step_of(users, most, 5), step_of(users + more, most, 5)
    assert 0 <= step <= next_ <= 5
    assert (step == 0) == (users <= 0)
    assert step_of(max(1, most), most, 5) == (5 if most >= 10 else 1)
