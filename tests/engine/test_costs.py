"""What the work costs, from a task's computing and its files to the verb that shows it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from support.agent_in_process import shows
from support.volunteer import RESULT, volunteer
from t4t.boinc.workshop import Shop
from t4t.bootstrap.costs import ledger_of, price_of, work_of
from t4t.bootstrap.services import Services
from t4t.bootstrap.settings import desk_of
from t4t.domain.readings import Readings, Source, Watts
from t4t.domain.vm import VmState
from t4t.engine.tally import Tally
from t4t.host.energy import Book
from t4t.host.ledger import FILE
from t4t.storage.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.bootstrap.senses import Senses


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


async def test_a_task_s_electricity_and_files_are_in_the_book(tmp_path: Path) -> None:
    power = Readings(watts=Watts(watts=20.0, source=Source.RAPL), ours_percent=50.0, others_percent=0.0)
    async with volunteer(tmp_path, job_seconds=1800.0) as one, one.running() as (engine, projects):
        state = State(tmp_path, now=one.clock.wall)
        shop = Shop()
        shop.opens(engine)
        senses = cast("Senses", SimpleNamespace(readings=power))
        ledger = ledger_of(one.data, one.clock, senses=senses, shop=shop, projects=projects, desk=desk_of(one.data))
        tally = Tally(state, one.clock)
        engine.subscribe(tally.seen)
        async with ledger.kept():
            await shows(engine, lambda view: any(task.vm is VmState.RUNNING for task in view.tasks))
            await one.until_reported(engine, 1)
            told = work_of(tally, ledger)
        tally.write()
        assert Tally(state, one.clock).days == tally.days
        state.close()
    assert sum(day.tasks for day in told.days) == 1
    assert sum(day.cpu_s for day in told.days) > 0
    assert sum(day.kwh for day in told.days) > 0
    assert told.since == told.days[0].day
    days = Book(one.data / FILE).days
    assert sum(day.joules[Source.RAPL.value] for day in days) > 0
    assert sum(day.received for day in days) > len(one.project.job)
    assert sum(day.sent for day in days) >= len(RESULT)


def test_the_verb_reads_the_book_and_shows_money_only_while_there_is_a_price(tmp_path: Path) -> None:
    services = Services(tmp_path)
    assert services.energy() == []
    settings = services.of_settings()
    settings.change({"energy.price_per_kwh": 0.5, "energy.currency": "CHF"})
    book = Book(tmp_path / FILE)
    book.count("2026-11-23", Watts(watts=1000.0, source=Source.RAPL), 360.0, price=price_of(desk_of(tmp_path).force.tree))
    book.save()
    assert [day.costs for day in services.energy()] == [{"CHF": pytest.approx(0.05)}]
    settings.undo()
    assert [day.costs for day in services.energy()] == [{}]
