"""A summary of ``user.gz``: one pass over the records in constant memory, whoever wrote them.

A place can't be told in such a pass without knowing the credit that is compared: the volunteer's own record is looked for before, by its bytes, which costs
little more than to unpack the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from t4t.domain.community import DAYS, Community, Country, Standing
from t4t.domain.credit import decayed
from t4t.domain.project_errors import ArchiveRefused
from t4t.project.exports import number_of, parts_with, records, text_of, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_DAY_S: Final = 86400.0
_ACTIVE: Final = 1.0
_MOST_COUNTRIES: Final = 1000
_LONGEST_COUNTRY: Final = 256
"""Bytes. A server that is no friend may not fill our memory with names."""
MOST_PLAIN: Final = 8 * 1024 * 1024 * 1024
"""Bytes; the largest project's are a tenth of that. What is compressed a thousandfold would keep a processor busy for days."""
_USER: Final = "user"
FIELDS: Final = (b"create_time", b"total_credit", b"expavg_credit", b"expavg_time", b"country")
"""What the summary needs of a record."""


class Credit(NamedTuple):
    """One volunteer's, decayed to the moment of the statistics."""

    total: float
    recent: float


class Volunteer(NamedTuple):
    """How a volunteer's record is told: by the number in this project, or the id across projects, which may be empty. 0: not known."""

    userid: int
    cpid: str

    @property
    def marks(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields of the record, of which one is enough."""
        by_number = ((b"id", b"%d" % self.userid),) if self.userid > 0 else ()
        by_cpid = ((b"cpid", self.cpid.encode("ascii")),) if self.cpid.isascii() and self.cpid.isalnum() else ()
        return by_number + by_cpid


def credit_of(user: Mapping[bytes, bytes], at: float) -> Credit:
    """What a record says, at the moment ``at``."""
    average, of = number_of(user.get(b"expavg_credit", b"")), number_of(user.get(b"expavg_time", b""))
    return Credit(number_of(user.get(b"total_credit", b"")), decayed(average, of, at))


def own_credit(chunks: Iterable[bytes], volunteer: Volunteer, at: float) -> Credit | None:
    """The volunteer's own, if there is a record of theirs in the stream."""
    marks = volunteer.marks
    if not marks:
        return None
    found = records(parts_with(chunks, _USER, tuple(b"<%s>%s</" % mark for mark in marks)), _USER)
    return next((credit_of(user, at) for user in found if any(user.get(name) == content for name, content in marks)), None)


def summary(users: Iterable[Mapping[bytes, bytes]], at: float, own: Credit | None = None) -> Community:
    """All ``users`` as of ``at`` (Unix time), with the place of who has ``own``. Countries after the first 1000 count with those who did not say theirs."""
    with_credit = active = richer = busier = 0
    today = int(at // _DAY_S)
    since = (today - DAYS + 1) * _DAY_S
    new = [0] * DAYS
    sums: dict[bytes, list[float]] = {}
    for user in users:  # for each of a million: what is written in one piece here takes two thirds of the time
        get = user.get
        total = number_of(get(b"total_credit", b""))
        recent = decayed(number_of(get(b"expavg_credit", b"")), number_of(get(b"expavg_time", b"")), at)
        with_credit += total > 0
        active += recent > _ACTIVE
        if own is not None:
            richer += total > own.total
            busier += recent > own.recent
        created = number_of(get(b"create_time", b""))
        if created >= since and created // _DAY_S <= today:
            new[int((created - since) // _DAY_S)] += 1
        name = get(b"country", b"")
        entry = sums.get(name) or _entry(sums, name)
        entry[0] += 1
        entry[1] += total
        entry[2] += recent
    counts, totals, recents = zip(*sums.values(), strict=True) if sums else ((), (), ())
    return Community(
        at=at,
        users=int(sum(counts)),
        with_credit=with_credit,
        active=active,
        total=sum(totals, 0.0),
        recent=sum(recents, 0.0),
        new=tuple(new),
        countries=_countries(sums),
        standing=None if own is None else Standing(total=own.total, recent=own.recent, by_total=richer + 1, by_recent=busier + 1),
    )


def _entry(sums: dict[bytes, list[float]], name: bytes) -> list[float]:
    """The first entry of a country: users, total and recent credit."""
    known = len(sums) < _MOST_COUNTRIES and len(name) <= _LONGEST_COUNTRY
    return sums.setdefault(name if known else b"", [0.0, 0.0, 0.0])


def _countries(sums: Mapping[bytes, list[float]]) -> tuple[Country, ...]:
    found = (Country(name=text_of(name), users=int(users), total=total, recent=recent) for name, (users, total, recent) in sums.items())
    return tuple(sorted(found, key=lambda entry: (-entry.recent, entry.name)))


def hosts_of(tables: bytes) -> int:
    """How many computers with credit the project has, as its ``tables.xml`` says; 0 where it does not."""
    return int(next((number_of(fields.get(b"nhosts_total", b"")) for fields in records([tables], "tables", (b"nhosts_total",))), 0.0))


def counted(path: Path, at: float, volunteer: Volunteer, gone: Callable[[], bool]) -> Community:
    """The summary of a whole ``user.gz``; blocks for seconds, and returns soon, with anything, when ``gone`` says that nobody wants it any more.

    Raises `ArchiveRefused` or `OSError`.
    """

    def chunks() -> Iterator[bytes]:
        plain = 0
        for chunk in unpacked(path):
            if gone():
                return
            plain += len(chunk)
            if plain > MOST_PLAIN:
                raise ArchiveRefused(file=path.name, reason="it is endless")
            yield chunk

    return summary(records(chunks(), _USER, FIELDS), at, own_credit(chunks(), volunteer, at))
