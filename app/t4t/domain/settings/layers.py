"""Where each value comes from: the computer's defaults, whoever deployed the program, the account, the volunteer here, the command line, a lock.

Each later one wins, but for the account and the volunteer here: of these two whoever changed a field last.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Any

from t4t.domain.record import record
from t4t.domain.settings.fields import put
from t4t.domain.settings.presets import fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.settings.presets import Computer
    from t4t.domain.settings.tree import Tree


class Origin(enum.Enum):
    """Who set a value."""

    DEFAULT = "default"
    """Nobody: it is what suits this computer."""
    DEPLOYMENT = "deployment"
    """Whoever looks after this computer; it can be changed."""
    ACCOUNT = "account"
    """The volunteer, on a project's web page."""
    HERE = "here"
    """The volunteer, on this computer."""
    COMMAND_LINE = "command-line"
    """For as long as this run of the program lasts."""
    LOCKED = "locked"
    """Whoever looks after this computer; it can't be changed."""


@record(kw_only=True)
class Set:
    """Values by path, as plain data, and when each was set (seconds since 1970; one that is not listed: ``time``)."""

    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    times: Mapping[str, float] = dataclasses.field(default_factory=dict)
    time: float = 0.0

    def at(self, path: str) -> float:
        """When the value at ``path`` was set."""
        return self.times.get(path, self.time)


@record(kw_only=True)
class Deployment:
    """What whoever looks after this computer says, in the file ``path``."""

    path: str = ""
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    locked: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@record(kw_only=True)
class InForce:
    """The settings in force, and where each one comes from."""

    tree: Tree
    origins: Mapping[str, Origin]
    """Of all that is not a default."""

    def origin(self, path: str) -> Origin:
        """Where the value at ``path`` comes from."""
        return self.origins.get(path, Origin.DEFAULT)


NOBODY = Set()


def in_force(computer: Computer, here: Set, *, deployment: Deployment, account: Set = NOBODY, run: Mapping[str, Any] | None = None) -> InForce:
    """All layers together. ``run``: what the command line says. All values must have been checked."""
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}

    def lay(layer: Mapping[str, Any], origin: Origin) -> None:
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))

    lay(deployment.defaults, Origin.DEPLOYMENT)
    lay(account.values, Origin.ACCOUNT)
    lay({path: value for path, value in here.values.items() if path not in account.values or here.at(path) >= account.at(path)}, Origin.HERE)
    lay(run or {}, Origin.COMMAND_LINE)
    lay(deployment.locked, Origin.LOCKED)
    return InForce(tree=put(fresh(computer), values), origins=origins)
