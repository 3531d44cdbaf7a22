"""What everybody who looks on is shown of an attached project. Codes and keys; `wording` has the words. No key and no address that holds one is ever in it."""

from __future__ import annotations

import enum

import msgspec

from t4t.domain.credit import CreditDay, TeamDay  # noqa: TC001 - msgspec reads it at run time


class Keep(enum.Enum):
    """Where a key is to be kept."""

    KEYRING = "keyring"
    RUN = "run"
    """In memory, until the program ends."""
    FILE = "file"
    """In a file that a passphrase encrypts."""


class NewsView(msgspec.Struct, frozen=True, kw_only=True):
    """A notice of the project's as plain text; ``time`` in seconds since 1970."""

    id: str
    title: str
    text: str
    time: float
    links: tuple[str, ...] = ()
    read: bool = False


class ImportantNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice that a project's server sent to this volunteer, beyond the news that everybody gets."""

    id: str
    project: str
    text: str
    time: float


class ProjectView(msgspec.Struct, frozen=True, kw_only=True):
    """One project. Credit in cobblestones (``recent``: a day's average), moments in seconds since 1970; 0 and empty: not known."""

    url: str
    name: str
    user: str = ""
    team: str = ""
    host: int = 0
    user_total: float = 0.0
    user_recent: float = 0.0
    host_total: float = 0.0
    host_recent: float = 0.0
    team_total: float = 0.0
    team_recent: float = 0.0
    held: int = 0
    """Tasks that are not yet acknowledged, whatever their stage."""
    fetching: int = 0
    sending: int = 0
    """Tasks that have ended and whose results are being uploaded, or wait for it."""
    reporting: int = 0
    next_request: float | None = None
    """When the project may be asked again; None: it will be as soon as there is a reason."""
    no_work_since: float | None = None
    no_work: tuple[str, ...] = ()
    """Values of `t4t.domain.no_work.NoWork`."""
    said: tuple[str, ...] = ()
    """The server's own sentences about that."""
    trouble: str = ""
    """The stable code of what went wrong last; empty since it went well."""
    ended: bool = False
    moved_to: str = ""
    metered: bool = False
    """Its files wait, and no work is asked for: the network costs by the byte."""
    unread: int = 0
    """Notices that nobody has seen."""
    max_jobs: int = 0
    """Tasks at a time that the account allows this computer; 0: no limit."""
    max_cpus: int = 0
    """Processors of each."""


class ProjectDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A project with its notices (newest first) and its credit."""

    project: ProjectView
    news: tuple[NewsView, ...] = ()
    credit: tuple[CreditDay, ...] = ()
    """Day by day, as this computer has seen it; the oldest first."""
    team: tuple[TeamDay, ...] = ()
    """The same of the volunteer's team."""
