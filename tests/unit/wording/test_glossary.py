"""The glossary, row by row, and what becomes of words that are not in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from t4t.wording import glossary
from t4t.wording.glossary import PARTS, Term, read, term

ROOT = Path(__file__).resolve().parents[3]
TABLE = read((ROOT / "resources/physics/glossary.toml").read_bytes())
ROWS = [(part, row) for part in PARTS for row in TABLE[part].values()]
SOURCE = re.compile(
    r"arXiv:(\d{4}\.\d{4,5}|hep-ph/\d{7})|ATL-PHYS-PUB-\d{4}-\d{3}|ATLAS-CONF-\d{4}-\d{3}|(docs|resources)/.+"
    r"|Pythia 8 manual, Tunes|rungen\.sh of MCPlots|Z\. Phys\. .+"
)


@pytest.mark.parametrize(("part", "row"), ROWS, ids=[f"{part} {row.id}" for part, row in ROWS])
def test_each_row_is_whole_short_and_has_a_source(part: str, row: Term) -> None:
    assert SOURCE.fullmatch(row.source), row.source
    assert row.id == row.id.lower()
    assert 0 < len(row.name) <= 40
    assert row.about.endswith(".")
    assert len(row.about) <= 180
    assert row.name == row.name.strip()
    assert bool(row.pair) == (part == "beam")
    assert bool(row.axis) == (part == "histogram")
    assert term(part, row.id.upper()) == row


def test_every_word_that_the_reference_guest_knows_is_explained() -> None:
    """Its processes, tunes and histograms; read from its own sources."""
    folder = ROOT / "resources/appliance/guest/t4t_guest"
    physics = (folder / "physics.py").read_text(encoding="utf-8")
    tunes = re.findall(r'"([a-z0-9-]+)": \(\d*\w*, ', physics[: physics.index("_FAMILIES")])
    assert len(tunes) > 10
    assert set(tunes) <= set(TABLE["tune"])
    assert {"soft-inelastic", "softqcd", "jets", "z", "zhad"} <= set(TABLE["process"])
    analysis = (folder / "analysis.py").read_text(encoding="utf-8")
    booked = set()
    for family, block in re.findall(r"([A-Z]+)_BOOKINGS = \((.*?)\n\)\n", analysis, re.DOTALL):
        booked |= {f"{family.lower().replace('jet', 'jets')}.{name}" for name in re.findall(r'Booking\("(\w+)"', block)}
    assert set(TABLE["histogram"]) == booked


def test_a_word_that_nobody_knows() -> None:
    assert term("tune", "tune-of-tomorrow") is None
    assert term("beam", "") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[beam]]\nid = 3",
        "x = [",
        "\n".join(f'[[{part}]]\nid = "a"\nname = "b"\nabout = "c"\nsource = "d"' for part in (*PARTS, "beam")),
        "\n".join(f'[[{part}]]\nid = "a"\nname = "b"\nabout = "c"\nsource = "d"\nmore = "e"' for part in PARTS),
    ],
)
def test_a_table_that_is_broken_is_a_fault_of_the_build(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever reader it is that refuses
        read(text.encode())


def test_an_installation_has_it_beside_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "resources" / "physics"
    place.mkdir(parents=True)
    text = "\n".join(f'[[{part}]]\nid = "a"\nname = "of {part}"\nabout = "c"\nsource = "d"' for part in PARTS)
    (place / "glossary.toml").write_text(text)
    monkeypatch.setattr(glossary, "_PLACES", (place, tmp_path))
    glossary._table.cache_clear()
    try:
        found = term("tune", "A")
        assert found is not None
        assert found.name == "of tune"
    finally:
        glossary._table.cache_clear()
