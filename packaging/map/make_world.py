"""Makes ``resources/world/world.json``, the map of the community page, from Natural Earth's countries as the npm package ``world-atlas`` carries them.

Its input is what ``packaging/setup/prepare.py test`` installed into ``build/npm``. The result is kept in the repository: neither a build nor an installation
needs npm or the internet. What costs time is done here: arcs are joined, projected and rounded, and BOINC's names of countries are tied to the map's.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
ATLAS: Final = ROOT / "build" / "npm" / "node_modules" / "world-atlas"
OUT: Final = ROOT / "resources" / "world" / "world.json"
WIDTH: Final = 10_000
"""Of the map, in its own units."""
_LEFT_OUT: Final = frozenset({"Antarctica", "Fr. S. Antarctic Lands", "Heard I. and McDonald Is."})
_FEWEST_CORNERS: Final = 3
_AIR: Final = 30
"""Below the southernmost land."""
_A: Final = (1.340264, -0.081106, 0.000893, 0.003796)
"""The polynomial of the Equal Earth projection (Šavrič, Patterson, Jenny 2018): each country as large as it is."""
_ALIASES: Final = {
    "Antigua and Barbuda": "Antigua and Barb.",
    "Bahamas, The": "Bahamas",
    "Bosnia and Herzegovina": "Bosnia and Herz.",
    "British Virgin Islands": "British Virgin Is.",
    "Burma": "Myanmar",
    "Cape Verde": "Cabo Verde",
    "Cayman Islands": "Cayman Is.",
    "Central African Republic": "Central African Rep.",
    "Channel Islands": "Jersey",
    "Congo, Democratic Republic of the": "Dem. Rep. Congo",
    "Congo, Republic of the": "Congo",
    "Cook Islands": "Cook Is.",
    "Cote d'Ivoire": "Côte d'Ivoire",
    "Czech Republic": "Czechia",
    "Dominican Republic": "Dominican Rep.",
    "East Timor": "Timor-Leste",
    "Equatorial Guinea": "Eq. Guinea",
    "Falkland Islands": "Falkland Is.",
    "Faroe Islands": "Faeroe Is.",
    "French Polynesia": "Fr. Polynesia",
    "Gambia, The": "Gambia",
    "Gaza Strip": "Palestine",
    "Holy See (Vatican City)": "Vatican",
    "Ivory Coast": "Côte d'Ivoire",
    "Korea, North": "North Korea",
    "Korea, South": "South Korea",
    "Macau": "Macao",
    "Macedonia, The Former Yugoslav Republic of": "Macedonia",
    "Man, Isle of": "Isle of Man",
    "Marshall Islands": "Marshall Is.",
    "North Macedonia": "Macedonia",
    "Northern Mariana Islands": "N. Mariana Is.",
    "Palestinian Territories": "Palestine",
    "Pitcairn Islands": "Pitcairn Is.",
    "Russian Federation": "Russia",
    "Saint Kitts and Nevis": "St. Kitts and Nevis",
    "Saint Pierre and Miquelon": "St. Pierre and Miquelon",
    "Saint Vincent and the Grenadines": "St. Vin. and Gren.",
    "Sao Tome and Principe": "São Tomé and Principe",
    "Serbia and Montenegro": "Serbia",
    "Solomon Islands": "Solomon Is.",
    "South Sudan": "S. Sudan",
    "Swaziland": "eSwatini",
    "Eswatini": "eSwatini",
    "Turkiye": "Turkey",
    "Turks and Caicos Islands": "Turks and Caicos Is.",
    "United States": "United States of America",
    "Virgin Islands": "U.S. Virgin Is.",
    "Wallis and Futuna": "Wallis and Futuna Is.",
    "West Bank": "Palestine",
    "Western Sahara": "W. Sahara",
}
"""BOINC's names (html/inc/countries.inc) and those that succeeded them, where the map has others."""


def projected(longitude: float, latitude: float) -> tuple[float, float]:
    """Equal Earth, unscaled; y grows to the south."""
    parameter = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    square = parameter * parameter
    six = square * square * square
    slope = 3 * (9 * _A[3] * six * square + 7 * _A[2] * six + 3 * _A[1] * square + _A[0])
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(parameter) / slope
    return x, -parameter * (_A[0] + _A[1] * square + six * (_A[2] + _A[3] * square))


def scaled(longitude: float, latitude: float) -> tuple[int, int]:
    """In the map's units, from its upper left corner."""
    widest, north = projected(180.0, 0.0)[0], projected(0.0, 90.0)[1]
    x, y = projected(longitude, latitude)
    return round((x + widest) / (2 * widest) * WIDTH), round((y - north) / (2 * widest) * WIDTH)


def arcs_of(topology: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """All arcs in degrees."""
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        steps = itertools.accumulate(arc, lambda before, step: (before[0] + step[0], before[1] + step[1]))
        found.append([(x * scale_x + move_x, y * scale_y + move_y) for x, y in steps])
    return found


def rings_of(geometry: dict[str, Any], arcs: list[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """All rings of a country in degrees; holes are rings like others: even and odd tell them apart."""
    shapes = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    rings = []
    for line in itertools.chain.from_iterable(shapes):
        ring: list[tuple[float, float]] = []
        for number in line:
            arc = arcs[number] if number >= 0 else arcs[~number][::-1]
            ring.extend(arc[1:] if ring else arc)
        rings.extend(cut(ring))
    return rings


def cut(ring: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """A ring that goes over the 180th meridian as two, one at each side of the map."""
    whole, turn = ring[:1], 0.0
    for (before, _), (x, y) in itertools.pairwise(ring):
        turn += 360.0 if x - before < -180.0 else -360.0 if x - before > 180.0 else 0.0  # noqa: PLR2004 - half the way round
        whole.append((x + turn, y))
    parts = (clipped([(x + shift, y) for x, y in whole]) for shift in (-360.0, 0.0, 360.0))
    return [part for part in parts if len(part) > _FEWEST_CORNERS]


def clipped(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What lies between the meridians at both ends of the map."""
    for side in (-1.0, 1.0):
        kept: list[tuple[float, float]] = []
        for (x, y), (to_x, to_y) in itertools.pairwise([*ring, *ring[:1]]):
            inside, goes_on = (side * value <= 180.0 for value in (x, to_x))  # noqa: PLR2004 - the end of the map
            if inside:
                kept.append((x, y))
            if inside != goes_on:
                kept.append((side * 180.0, y + (to_y - y) * (side * 180.0 - x) / (to_x - x)))
        ring = kept
    return ring


def flat(ring: list[tuple[float, float]]) -> list[int]:
    """The corners in the map's units, one after the other, without those that fall together."""
    corners = [corner for corner, _ in itertools.groupby(scaled(*point) for point in ring)]
    return [value for corner in corners for value in corner] if len(corners) > _FEWEST_CORNERS else []


def middle(rings: list[list[tuple[float, float]]]) -> tuple[int, int]:
    """The middle of the largest ring, for a country that is drawn as a dot."""
    largest = max(rings, key=lambda ring: (max(x for x, _ in ring) - min(x for x, _ in ring)) * (max(y for _, y in ring) - min(y for _, y in ring)))
    return scaled(sum(x for x, _ in largest) / len(largest), sum(y for _, y in largest) / len(largest))


def countries() -> list[dict[str, Any]]:
    """Those that the coarse map has as shapes, those that only the fine one has as dots."""
    coarse, fine = (json.loads((ATLAS / f"countries-{scale}.json").read_text(encoding="utf-8")) for scale in ("110m", "50m"))
    made: dict[str, dict[str, Any]] = {}
    for topology in (coarse, fine):
        arcs = arcs_of(topology)
        for geometry in topology["objects"]["countries"]["geometries"]:
            name = geometry["properties"]["name"]
            if name in made or name in _LEFT_OUT:
                continue
            rings = rings_of(geometry, arcs)
            made[name] = {"name": name, "at": middle(rings), "rings": [ring for ring in map(flat, rings) if ring] if topology is coarse else []}
    for alias, name in _ALIASES.items():
        made[name].setdefault("also", []).append(alias)
    return [made[name] for name in sorted(made)]


def main() -> None:
    """Write it."""
    found = countries()
    height = max(y for country in found for ring in country["rings"] for y in ring[1::2]) + _AIR
    lines = ",\n".join(json.dumps(country, ensure_ascii=False, separators=(",", ":")) for country in found)
    OUT.write_text(f'{{"width":{WIDTH},"height":{height},"countries":[\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
