"""The map that comes with the program: it is what its maker makes, and it has the countries that BOINC's list has."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import make_world
import pytest

from t4t.domain.community import Country
from t4t.domain.world import placed
from t4t.storage import world

if TYPE_CHECKING:
    from pathlib import Path

COMMON = [
    "Germany",
    "France",
    "Japan",
    "Canada",
    "Poland",
    "Italy",
    "Russia",
    "Spain",
    "Netherlands",
    "Australia",
    "Switzerland",
    "China",
    "Sweden",
    "Brazil",
    "Finland",
    "India",
    "Norway",
    "Singapore",
    "Malta",
    "Iceland",
    "Austria",
    "Belgium",
    "Denmark",
    "Portugal",
    "Greece",
    "Turkey",
    "Ukraine",
    "Hungary",
    "Romania",
    "Ireland",
    "Israel",
    "Taiwan",
    "Liechtenstein",
    "Monaco",
    "Luxembourg",
]
APART = (
    "United States",
    "United Kingdom",
    "Czech Republic",
    "Korea, South",
    "New Zealand",
    "South Africa",
    "Bosnia and Herzegovina",
    "Cote d'Ivoire",
    "Hong Kong",
)


def test_countries_are_found() -> None:
    told = [Country(name=name, users=1, total=0.0, recent=0.0) for name in (*COMMON, *APART)]
    found, nowhere = placed(world.load(), told)
    assert nowhere == 0
    assert sum(found.values()) == len(told)


def test_all_of_it_lies_on_the_map() -> None:
    found = world.load()
    assert len({shape.name for shape in found.countries}) == len(found.countries) > 200
    for shape in found.countries:
        for ring in shape.rings:
            assert len(ring) % 2 == 0
            assert all(0 <= x <= found.width for x in ring[::2])
            assert all(0 <= y <= found.height for y in ring[1::2])
            corners = list(zip(ring[::2], ring[1::2], strict=True))
            assert all(abs(one[0] - other[0]) < found.width / 3 for one, other in itertools.pairwise(corners)), shape.name


def test_it_is_what_its_maker_makes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not make_world.ATLAS.is_dir():
        pytest.skip("what it is made of is not here: packaging/setup/prepare.py test")
    monkeypatch.setattr(make_world, "OUT", tmp_path / "world.json")
    make_world.main()
    assert (tmp_path / "world.json").read_bytes() == (make_world.ROOT / "resources" / "world" / "world.json").read_bytes()
