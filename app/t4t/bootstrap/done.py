"""What this computer has done, for a verb: from the agent if it runs, else from what it wrote down last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from t4t.api.client import Client
from t4t.domain.contribution import Contribution, with_energy
from t4t.domain.errors import AgentMissing
from t4t.engine.tally import Tally
from t4t.host.clock import RealClock
from t4t.host.energy import Book
from t4t.host.ledger import FILE
from t4t.storage.files import FolderLock
from t4t.storage.state import State

if TYPE_CHECKING:
    from pathlib import Path


def contribution_of(data: Path) -> Contribution:
    """Day by day; raises `FolderBusy` where an agent starts just now."""
    try:
        with Client(data) as client:
            return msgspec.convert(client.call("contribution"), Contribution)
    except AgentMissing:
        pass
    clock = RealClock()
    with FolderLock(data, "agent.lock"):
        state = State(data, now=clock.wall)
        try:
            tally = Tally(state, clock)
            return Contribution(since=tally.since, days=with_energy(tally.days, Book(data / FILE).days))
        finally:
            state.close()
