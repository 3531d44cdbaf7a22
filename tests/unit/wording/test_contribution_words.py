"""The words on what was done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as some

from t4t.domain.community import Community
from t4t.domain.contribution import Contribution, Span, WorkDay
from t4t.wording import community, contribution
from t4t.wording.contribution import Quantity, chart, figure

if TYPE_CHECKING:
    from t4t.domain.credit import CreditDay

TODAY = date(2026, 11, 23)
NONE: tuple[tuple[CreditDay, ...], ...] = ()
DAYS = some.builds(
    WorkDay,
    day=some.dates(TODAY - timedelta(days=900), TODAY + timedelta(days=2)).map(date.isoformat) | some.text(max_size=4),
    collisions=some.integers(0, 10**12),
    cpu_s=some.floats(0, 1e9),
    tasks=some.integers(0, 10**6),
    kwh=some.floats(0, 1e6),
    estimated=some.booleans(),
)


@given(days=some.lists(DAYS, max_size=20), since=some.sampled_from(("", "2026-01-01", "x")), which=some.sampled_from(Quantity), how=some.sampled_from(Span))
def test_every_chart_has_its_words(days: list[WorkDay], since: str, which: Quantity, how: Span) -> None:
    made = chart(which, how, Contribution(since=since, days=tuple(days)), NONE, TODAY)
    assert len(made.values) == len(made.texts) == len(made.names) == len(made.short) > 0
    assert all((made.title, made.unit, made.head, made.empty, made.spoken(), made.value(0)))
    assert len(set(made.names)) == len(made.names)
    assert all(text[0] != "0" or value < 1 for text, value in zip(made.texts, made.values, strict=True))


def test_charts_in_words() -> None:
    work = Contribution(
        since="2026-11-01",
        days=(
            WorkDay(day="2026-11-02", collisions=1, cpu_s=5400.0, tasks=1, kwh=0.0312, estimated=True),
            WorkDay(day="2026-11-23", collisions=41_300, tasks=2),
        ),
    )
    weeks = chart(Quantity.COLLISIONS, Span.WEEK, work, NONE, TODAY)
    assert weeks.spoken() == (
        "Bar chart: Collisions simulated. Most: 2026-11-23 to 2026-11-23: 41\N{NARROW NO-BREAK SPACE}300 collisions. "
        "Last: 2026-11-23 to 2026-11-23: 41\N{NARROW NO-BREAK SPACE}300 collisions."
    )
    assert weeks.names[0] == "2026-11-01 to 2026-11-01"
    assert weeks.about == "Counted on this computer since 2026-11-01."
    energy = chart(Quantity.ENERGY, Span.MONTH, work, NONE, TODAY)
    assert (energy.names, energy.texts, energy.short) == (("2026-11",), ("0.0312 kWh",), ("2026-11",))
    assert energy.about == "Counted on this computer since 2026-11-01. Partly estimated: this computer has no meter that may be read."
    older = Contribution(since="2026-11-20", days=(WorkDay(day="2026-11-02", kwh=1.0), WorkDay(day="2026-11-21", tasks=1)))
    assert chart(Quantity.ENERGY, Span.DAY, older, NONE, TODAY).about == "Counted on this computer since 2026-11-02."
    assert chart(Quantity.TASKS, Span.DAY, older, NONE, TODAY).about == "Counted on this computer since 2026-11-20."
    assert chart(Quantity.PROCESSOR, Span.ALL, work, NONE, TODAY).texts[-1] == "1.5 h"
    assert chart(Quantity.TASKS, Span.DAY, work, NONE, TODAY).texts[-1] == "2 tasks"
    assert chart(Quantity.CREDIT_HERE, Span.DAY, work, NONE, TODAY).spoken().startswith("Credit of this computer. The project has told of no credit yet")
    assert contribution.totals(work) == ("41\N{NARROW NO-BREAK SPACE}301", "1.5")
    assert contribution.file_name(TODAY) == "test4theory-2026-11-23.csv"


def test_figures_have_as_many_digits_as_say_something() -> None:
    assert [figure(value) for value in (-1.0, 0.0, 0.01234, 2.0, 2.345, 1234.5)] == ["0", "0", "0.0123", "2", "2.3", "1\N{NARROW NO-BREAK SPACE}234"]


def test_a_community_without_anybody_has_words_too() -> None:
    nobody = Community(at=float("inf"), users=0, with_credit=0, active=0, total=0.0, recent=0.0, new=(0,) * 90, countries=())
    made = community.joined_chart(nobody)
    assert made.spoken() == "New volunteers each day. Nobody joined in these days."
    assert made.names[-1] == "1970-04-01"
    assert community.spoken_map({}, 0) == "Map of the world: volunteers in 0 countries."
    assert community.spoken_map({"France": 1}, 2).endswith("France: 1 volunteer. Not on the map, for they named no country that it has: 2 volunteers.")
    assert community.at_country("Chad", 0) == "Chad: 0 volunteers"
