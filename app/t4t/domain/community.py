"""All volunteers of a project together, and this one among them, as the statistics say that the project publishes."""

from __future__ import annotations

from typing import Final

import msgspec

from t4t.domain.session import NoticeView  # noqa: TC001 - msgspec reads it at run time

DAYS: Final = 90
"""So many days back new volunteers are counted."""


class Country(msgspec.Struct, frozen=True, kw_only=True):
    """All volunteers of one country; ``name`` is empty where they did not say it. ``recent`` is their average credit a day."""

    name: str
    users: int
    total: float
    recent: float


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One volunteer's credit in the statistics, and the place by it, from 1 on; whoever has as much has the same place."""

    total: float
    recent: float
    by_total: int
    by_recent: int


class Community(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody in the statistics of the moment ``at`` (Unix time), to which averages are decayed.

    A project exports those who have credit; who does not want to be in its statistics is not in them.
    """

    at: float
    users: int
    with_credit: int
    active: int
    """With an average of more than one credit a day: what BOINC's status page calls recent credit (html/user/server_status.php). No average ever gets to 0."""
    total: float
    recent: float
    new: tuple[int, ...]
    """How many joined on each of the last `DAYS` days (UTC), the oldest first; the last one is the day of ``at``, which was not over."""
    countries: tuple[Country, ...]
    """By recent credit."""
    hosts: int = 0
    """Computers with credit; 0: the project does not tell."""
    standing: Standing | None = None
    """None: this volunteer is not in the statistics."""


class CommunityView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known here; ``fresh``: the project need not be asked now. ``trouble``: why there is nothing newer."""

    community: Community | None = None
    fresh: bool = False
    trouble: NoticeView | None = None
