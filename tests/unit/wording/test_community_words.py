"""The words on a community: for any there is something to say, and nothing that commands a terminal."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from support.views import NOW
from t4t.domain.community import Community, Country, Standing
from t4t.wording import community as words
from t4t.wording.screen import Reader

NUMBERS = st.integers(0, 10**12)
AMOUNTS = st.floats(allow_nan=True, allow_infinity=True)
COUNTRIES = st.builds(Country, name=st.text(max_size=100), users=NUMBERS, total=AMOUNTS, recent=AMOUNTS)
STANDINGS = st.builds(Standing, total=AMOUNTS, recent=AMOUNTS, by_total=NUMBERS, by_recent=NUMBERS)
COMMUNITIES = st.builds(
    Community,
    at=AMOUNTS,
    users=NUMBERS,
    with_credit=NUMBERS,
    active=NUMBERS,
    total=AMOUNTS,
    recent=AMOUNTS,
    new=st.lists(NUMBERS, max_size=100).map(tuple),
    countries=st.lists(COUNTRIES, max_size=3).map(tuple),
    standing=st.none() | STANDINGS,
)
SOME = Community(at=NOW - 86400.0, users=12345, with_credit=12000, active=345, total=1e9, recent=1e6, new=(5,) * 60 + (1,) * 30, countries=())


@given(COMMUNITIES)
def test_any_community_can_be_told(one: Community) -> None:
    texts = [words.as_of(one, Reader(NOW)), words.counts(one), words.places(one), words.joined(one), words.asking("x\x1b"), *map(words.country, one.countries)]
    assert all(texts)
    assert all(text.isprintable() for text in texts)


def test_what_is_said() -> None:
    assert "statistics of 2026-11" in words.as_of(SOME, Reader(NOW))
    assert "statistics of –" in words.as_of(msgspec.structs.replace(SOME, at=1e300), Reader(NOW))
    assert words.counts(SOME) == "12,345 volunteers, 12,000 with credit, 345 active (more than one credit a day)"
    assert words.joined(SOME) == "Joined in the last 7 days: 7; 30 days: 30; 90 days: 330"
    assert "not among them" in words.places(SOME)
    standing = Standing(total=1.0, recent=1.0, by_total=1000, by_recent=7)
    assert words.places(msgspec.structs.replace(SOME, standing=standing)) == "You are number 7 by credit a day, and number 1,000 by credit in all"
    assert words.country(Country(name="", users=1, total=0.0, recent=0.0)) == "(not told)"
    assert words.heads()[0] == "country"
    assert (words.others(1), words.others(2)) == ("and 1 more country", "and 2 more countries")
