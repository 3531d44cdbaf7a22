"""How somebody comes to a project: what it offers, and what the volunteer says. Secrets are in no ``repr``."""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TYPE_CHECKING

from t4t.domain.record import record

if TYPE_CHECKING:
    from t4t.domain.project import ProjectConfig


class Way(enum.Enum):
    """How the account is found."""

    CREATE = "create"
    LOG_IN = "log_in"
    KEY = "key"
    OTHER_CLIENT = "other_client"
    """The account that another BOINC client of this computer has there."""


@record(kw_only=True)
class OtherAccount:
    """An account that another BOINC client here has at the project; ``host_cpid`` is by what the project knows this computer."""

    user_name: str = ""
    folder: str = ""
    key: str = field(default="", repr=False)
    host_cpid: str = ""


@record(kw_only=True)
class ProjectOffer:
    """What the project says of itself, and what there is of it here."""

    config: ProjectConfig
    other: OtherAccount | None = None
    runs_beside: bool = False
    """Another client works for it now: both would do its work at the same time."""


@record(kw_only=True)
class Signup:
    """What the volunteer says."""

    way: Way
    email: str = ""
    name: str = ""
    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    invite_code: str = field(default="", repr=False)
    team: str = ""
    consent: bool = False
