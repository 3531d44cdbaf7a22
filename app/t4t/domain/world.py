"""The world map: shapes of countries in the map's own units, and which of them a project's volunteers name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.domain.community import Country


class Shape(msgspec.Struct, frozen=True):
    """A country: its middle, and its outlines as x, y, x, y…; without outlines it is drawn as a dot. ``also``: its other names."""

    name: str
    at: tuple[int, int]
    rings: tuple[tuple[int, ...], ...] = ()
    also: tuple[str, ...] = ()


class World(msgspec.Struct, frozen=True):
    """All of them; the map reaches from 0, 0 to ``width``, ``height``."""

    width: int
    height: int
    countries: tuple[Shape, ...]


def placed(world: World, countries: Iterable[Country]) -> tuple[dict[str, int], int]:
    """How many volunteers each shape has, by its name; and how many are nowhere on the map: without a country, or of one that the map does not have."""
    names = {said.casefold(): shape.name for shape in world.countries for said in (shape.name, *shape.also)}
    found: dict[str, int] = {}
    nowhere = 0
    for country in countries:
        shape = names.get(country.name.strip().casefold())
        if shape is None:
            nowhere += country.users
        else:
            found[shape] = found.get(shape, 0) + country.users
    return found, nowhere


def step_of(users: int, most: int, steps: int) -> int:
    """From 1 for the fewest to ``steps`` for ``most``, each ten times as many as the one before or less; 0 for nobody."""
    if users <= 0:
        return 0
    share = (len(str(users)) - 1) / max(1, len(str(max(users, most))) - 1)
    return min(steps, 1 + int(share * (steps - 1) + 0.5))
