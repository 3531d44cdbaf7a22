"""``t4t energy``: days, their sum, and where the figures are from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from t4t.cli import arguments, verbs
from t4t.domain.energy import Day
from t4t.domain.readings import Source

if TYPE_CHECKING:
    from t4t.cli.services import Services

KWH = 3.6e6
DAYS = [
    Day(day="2026-11-21", joules={Source.RAPL.value: KWH}, costs={"EUR": 0.3}, received=1 << 20),
    Day(day="2026-11-22", joules={Source.RAPL.value: KWH}, costs={"EUR": 0.3}, sent=1 << 20),
    Day(day="2026-11-23", joules={Source.ESTIMATE.value: KWH}),
]


class Told:
    def __init__(self, *days: Day) -> None:
        self._days = days

    def energy(self) -> list[Day]:
        return list(self._days)


def run(*words: str, days: list[Day]) -> int:
    return verbs.run(arguments.parser().parse_args(words), cast("Services", Told(*days)))


def test_days_and_their_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("energy", "--days", "2", days=DAYS[:2]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[1:3] == ["2026-11-21", "1.00 kWh · 0.30 EUR"]
    assert "2.00 kWh · 0.60 EUR" in lines[2]
    assert lines[3].startswith("Measured")
    assert run("energy", "--days", "1", days=DAYS) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2, "one day is its own sum"
    assert "about 1.00 kWh" in lines[0]
    assert run("energy", days=[]) == 0
    assert capsys.readouterr().out == "Nothing has been counted yet.\n"


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "energy", days=DAYS) == 0
    document = json.loads(capsys.readouterr().out)
    assert [day["day"] for day in document["days"]] == [day.day for day in DAYS]
    whole = document["together"]
    assert (whole["kwh"], whole["estimated"], whole["costs"], whole["received_bytes"]) == (3.0, True, {"EUR": 0.6}, 1 << 20)


@pytest.mark.parametrize("number", ["0", "801", "x"])
def test_numbers_of_days(number: str) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["energy", "--days", number])
