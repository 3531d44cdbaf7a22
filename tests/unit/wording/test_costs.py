"""What the work costs, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from support.scripted_engine import a_view
from support.views import DAYS, SESSIONS, WATTS
from t4t.domain.energy import Day, Spent
from t4t.domain.readings import Source, Watts
from t4t.domain.settings.fields import FIELDS
from t4t.wording import costs as words

if TYPE_CHECKING:
    from t4t.domain.session import SessionView

KWH = 3.6e6
MEASURED = Day(day="2026-11-23", joules={Source.RAPL.value: 1.5 * KWH}, costs={"EUR": 0.45})
ESTIMATED = Day(day="2026-11-23", joules={Source.ESTIMATE.value: 0.01 * KWH})


@given(day=DAYS)
def test_any_day_is_fit_to_print(day: Day) -> None:
    for text in (words.energy(day), words.energy_and_money(day), words.data(day), words.how_known(day)):
        assert text
        assert text.isprintable()
    assert words.money(day).isprintable()


def test_what_is_measured_and_what_is_not() -> None:
    assert words.energy_and_money(MEASURED) == "1.50 kWh · 0.45 EUR"
    assert words.energy_and_money(ESTIMATED) == "about 10.00 Wh"
    assert words.energy(Day(day="")) == "–"
    assert words.how_known(MEASURED).startswith("Measured")
    assert words.how_known(ESTIMATED).startswith("“About”")
    assert words.how_known(Day(day="")) == "Nothing has been counted yet."
    assert words.in_short(Spent(day=ESTIMATED, month=MEASURED)) == "Electricity: about 10.00 Wh today, 1.50 kWh · 0.45 EUR this month"
    assert words.data(Day(day="", received=3 << 20, sent=1 << 19)) == "3.0 MB received, 0.5 MB sent"


@given(spent=st.builds(Spent, day=DAYS, month=DAYS, power=st.none() | WATTS))
def test_any_cost_is_fit_to_print(spent: Spent) -> None:
    assert all(text.isprintable() for text in (words.power(spent.power), words.today(spent), words.in_short(spent)))
    assert all(name and value and value.isprintable() for name, value in words.facts(spent))


def test_what_it_takes_now_says_how_that_is_known() -> None:
    measured, estimated = Watts(watts=14.4, source=Source.RAPL), Watts(watts=14.4, source=Source.ESTIMATE)
    assert (words.power(measured), words.power(estimated), words.power(None)) == ("14 W", "about 14 W", "")
    assert words.power(Watts(watts=0.2, source=Source.ESTIMATE)) == "less than 1 W"
    spent = Spent(day=ESTIMATED, month=MEASURED, power=estimated)
    assert words.today(spent) == "Electricity today: about 10.00 Wh · about 14 W now"
    assert words.today(Spent(day=Day(day=""), month=MEASURED)) == ""
    assert words.in_short(spent).endswith("this month, about 14 W now")
    assert words.facts(spent) == (
        ("Now", "about 14 W"),
        ("Today", "about 10.00 Wh"),
        ("This month", "1.50 kWh · 0.45 EUR"),
        ("Files this month", "0.0 MB received, 0.0 MB sent"),
    )


@given(view=st.none() | SESSIONS)
def test_any_proof_is_fit_to_print(view: SessionView | None) -> None:
    proofs = words.proofs(view)
    assert set(proofs) <= set(FIELDS)
    assert all(text.replace("\N{NO-BREAK SPACE}", " ").isprintable() for text in proofs.values())


def test_staying_awake_is_said_only_where_it_was_asked_for() -> None:
    assert words.kept_awake(a_view()) == ""
    assert "kept awake" in words.kept_awake(a_view(kept_awake=True))
    assert "can’t be kept awake" in words.kept_awake(a_view(kept_awake=False))
    assert words.staying_awake()
