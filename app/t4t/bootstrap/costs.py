"""The book of what the work costs: kept while the agent runs, read by the verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.contribution import Contribution, with_energy
from t4t.domain.energy import Price
from t4t.domain.vm import VmState
from t4t.host.energy import Book
from t4t.host.ledger import FILE, Ledger, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from t4t.boinc.projects import Projects
    from t4t.boinc.workshop import Shop
    from t4t.bootstrap.senses import Senses
    from t4t.domain.clock import WallClock
    from t4t.domain.energy import Day
    from t4t.domain.readings import Readings
    from t4t.domain.settings.tree import Tree
    from t4t.domain.settings.view import SettingsView
    from t4t.engine.settings_desk import SettingsDesk
    from t4t.engine.tally import Tally


def price_of(tree: Tree) -> Price:
    """As the settings say."""
    return Price(per_kwh=tree.energy.price_per_kwh, currency=tree.energy.currency)


class _Life:
    """See `t4t.host.ledger.Life`."""

    def __init__(self, senses: Senses, shop: Shop, projects: Projects, desk: SettingsDesk) -> None:
        self._senses = senses
        self._shop = shop
        self._projects = projects
        self._desk = desk

    @property
    def readings(self) -> Readings:
        return self._senses.readings

    @property
    def computes(self) -> bool:
        view = self._shop.view
        return view is not None and any(task.vm is VmState.RUNNING for task in view.tasks)

    @property
    def moved(self) -> tuple[int, int]:
        return self._projects.moved

    @property
    def price(self) -> Price:
        return price_of(self._desk.force.tree)


def ledger_of(data: Path, clock: WallClock, *, senses: Senses, shop: Shop, projects: Projects, desk: SettingsDesk) -> Ledger:
    """The ledger of an agent."""
    return Ledger(Book(data / FILE), _Life(senses, shop, projects, desk), clock)


def work_of(tally: Tally, ledger: Ledger) -> Contribution:
    """What this computer has done, and what that took."""
    return Contribution(since=tally.since, days=with_energy(tally.days, ledger.days))


def days_of(data: Path, settings: SettingsView) -> Sequence[Day]:
    """All days, the oldest first; without money where the settings give no price now."""
    said = {one.path: one.value for one in settings.settings}
    price = Price(per_kwh=float(said["energy.price_per_kwh"]), currency=str(said["energy.currency"]))
    return [shown(day, price) for day in Book(data / FILE).days]
