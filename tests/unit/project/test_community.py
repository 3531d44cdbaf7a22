"""The summary of everybody against a naive one, whoever wrote the file and however it is cut."""

from __future__ import annotations

import gzip
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.community import DAYS, Standing
from t4t.domain.credit import decayed
from t4t.domain.project_errors import ArchiveRefused
from t4t.project import community
from t4t.project.community import FIELDS, Credit, Volunteer, counted, own_credit, summary
from t4t.project.exports import records
from unit.project.recorded import response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = 1_795_356_460.0
DAY = 86400.0
NOBODY = Volunteer(0, "")


@dataclass(frozen=True)
class User:
    id: int
    total: float
    average: float
    averaged: float
    created: float
    country: str

    @property
    def cpid(self) -> str:
        return f"{self.id:032x}"

    @property
    def recent(self) -> float:
        return decayed(self.average, self.averaged, AT)

    @property
    def record(self) -> bytes:
        country = f" <country>{self.country}</country>\n" if self.country else ""
        text = (
            f"<user>\n <id>{self.id}</id>\n <name>V</name>\n <create_time>{self.created!r}</create_time>\n <total_credit>{self.total!r}</total_credit>\n"
            f" <expavg_credit>{self.average!r}</expavg_credit>\n <expavg_time>{self.averaged!r}</expavg_time>\n <cpid>{self.cpid}</cpid>\n{country}</user>\n"
        )
        return text.encode()


AMOUNTS = st.sampled_from([0.0, 1.0, 50.0, 50.000001]) | st.floats(0, 1e12)
USERS = st.lists(
    st.builds(
        User,
        id=st.integers(1, 10**9),
        total=AMOUNTS,
        average=AMOUNTS,
        averaged=st.floats(AT - 100 * DAY, AT + DAY),
        created=st.floats(AT - 95 * DAY, AT + 2 * DAY),
        country=st.sampled_from(["", "France", "Japan", "Italy"]),
    ),
    max_size=25,
    unique_by=lambda user: user.id,
)


def stream(users: list[User], step: int = 1 << 20) -> Iterator[bytes]:
    data = b"<users>\n" + b"".join(user.record for user in users) + b"</users>\n"
    return (data[at : at + step] for at in range(0, len(data), step))


@given(users=USERS, step=st.integers(1, 400), chosen=st.integers(0, 30), by_number=st.booleans())
def test_it_is_what_a_naive_one_says(users: list[User], step: int, chosen: int, by_number: bool) -> None:  # noqa: FBT001 - drawn
    me = users[chosen] if chosen < len(users) else None
    volunteer = NOBODY if me is None else Volunteer(me.id if by_number else 0, "" if by_number else me.cpid)
    own = own_credit(stream(users, step), volunteer, AT)
    assert own == (None if me is None else Credit(me.total, me.recent))
    found = summary(records(stream(users, step), "user", FIELDS), AT, own)
    assert found == summary(records(stream(users, step), "user"), AT, own)

    assert (found.users, found.with_credit, found.active) == (len(users), sum(u.total > 0 for u in users), sum(u.recent > 1 for u in users))
    assert found.total == pytest.approx(sum(u.total for u in users))
    assert found.recent == pytest.approx(sum(u.recent for u in users))
    today = int(AT // DAY)
    assert found.new == tuple(sum(int(u.created // DAY) == day for u in users) for day in range(today - DAYS + 1, today + 1))
    for one in found.countries:
        theirs = [u for u in users if u.country == one.name]
        assert one.users == len(theirs)
        assert one.total == pytest.approx(sum(u.total for u in theirs))
        assert one.recent == pytest.approx(sum(u.recent for u in theirs))
    assert sorted(one.name for one in found.countries) == sorted({u.country for u in users})
    assert [one.recent for one in found.countries] == sorted((one.recent for one in found.countries), reverse=True)
    if me is None:
        assert found.standing is None
    else:
        places = [sorted((getattr(u, name) for u in users), reverse=True).index(getattr(me, name)) + 1 for name in ("total", "recent")]
        assert found.standing == Standing(total=me.total, recent=me.recent, by_total=places[0], by_recent=places[1])


def test_recorded_statistics(tmp_path: Path) -> None:
    path = tmp_path / "user.gz"
    path.write_bytes(response("stats.user_gz").body)
    found = counted(path, AT, Volunteer(1, ""), lambda: False)
    assert (found.users, found.with_credit, found.active, found.new[-1]) == (3, 3, 3, 3)
    assert [one.name for one in found.countries] == ["Japan", "France", "Germany"]
    assert found.standing is not None
    assert (found.standing.total, found.standing.by_total, found.standing.by_recent) == (100.5, 2, 2)
    assert counted(path, AT, NOBODY, lambda: False).standing is None
    assert counted(path, AT, Volunteer(5, ""), lambda: False).standing is None
    assert counted(path, AT, Volunteer(0, "518778619f7a7bdb43c554c969847b63"), lambda: False).standing == Standing(
        total=12.5, recent=1.2, by_total=3, by_recent=3
    )


@pytest.mark.parametrize("volunteer", [NOBODY, Volunteer(-1, ""), Volunteer(0, "a b"), Volunteer(0, "Zoë"), Volunteer(0, "</cpid>")])
def test_who_is_not_known_is_not_looked_for(volunteer: Volunteer) -> None:
    assert volunteer.marks == ()
    assert own_credit(iter(()), volunteer, AT) is None


def test_a_number_is_a_whole_field() -> None:
    users = [User(id=number, total=1.0, average=1.0, averaged=AT, created=AT, country="") for number in (77, 777)]
    data = b"".join(stream(users)).replace(b"</user>", b" <teamid>7</teamid>\n</user>")
    assert own_credit([data], Volunteer(7, ""), AT) is None


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_stream(chunks: list[bytes]) -> None:
    found = summary(records(chunks, "user"), 0.0, own_credit(chunks, Volunteer(1, "a"), 0.0))
    assert found.users == sum(one.users for one in found.countries)


def test_a_server_fills_no_memory_with_names() -> None:
    users = (b"<user><country>%s</country></user>" % (b"x" * 60_000 + b"%d" % number if number % 2 else b"%d" % number) for number in range(3000))
    tracemalloc.start()
    try:
        found = summary(records(users, "user"), AT)
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert len(found.countries) == 1001 - 1
    assert next(one for one in found.countries if not one.name).users == 3000 - 999


def test_what_has_no_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "user.gz"
    path.write_bytes(gzip.compress(bytes(5_000_000)))
    monkeypatch.setattr(community, "MOST_PLAIN", 4_000_000)
    with pytest.raises(ArchiveRefused, match="endless"):
        counted(path, AT, NOBODY, lambda: False)


def test_who_gave_up_gets_no_whole_pass(tmp_path: Path) -> None:
    path = tmp_path / "user.gz"
    path.write_bytes(gzip.compress(b"".join(stream([User(id=1, total=1.0, average=1.0, averaged=AT, created=AT, country="")]))))
    assert counted(path, AT, NOBODY, lambda: True).users == 0
