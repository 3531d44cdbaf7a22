"""Statistics exports as a stream."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.project_errors import ArchiveRefused
from t4t.project.exports import number_of, parts_with, records, text_of, unpacked
from unit.project.recorded import response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER = (
    b"<user>\n <id>%d</id>\n <name>Zo&#195;&#171; %d</name>\n <total_credit>10.5</total_credit>\n"
    b" <expavg_credit>4</expavg_credit>\n <expavg_time>0</expavg_time>\n%s</user>\n"
)


def cut(data: bytes, step: int) -> Iterator[bytes]:
    return (data[at : at + step] for at in range(0, len(data), step))


def test_recorded_exports(tmp_path: Path) -> None:
    path = tmp_path / "team.gz"
    path.write_bytes(response("stats.team_gz").body)
    (team,) = records(unpacked(path), "team")
    assert (team[b"id"], text_of(team[b"name"])) == (b"1", "CERN Volunteers")
    path.write_bytes(response("stats.user_gz").body)
    users = list(records(unpacked(path), "user"))
    assert users
    assert all(user[b"cpid"] for user in users)


@given(st.integers(0, 30), st.integers(1, 200))
def test_records_are_found_however_the_stream_is_cut(count: int, step: int) -> None:
    data = b"<users>\n" + b"".join(USER % (n, n, b"") for n in range(count)) + b"</users>"
    found = list(records(cut(data, step), "user"))
    assert [int(user[b"id"]) for user in found] == list(range(count))
    assert all(text_of(user[b"name"]) == f"Zoë {n}" for n, user in enumerate(found))


@given(st.integers(1, 30), st.integers(1, 200), st.data())
def test_parts_with_something_are_cut_between_records(count: int, step: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(0, count))
    stream = b"<users>\n" + b"".join(USER % (n, n, b"") for n in range(count)) + b"</users>"
    found = list(records(parts_with(cut(stream, step), "user", (b"<id>%d</" % wanted,)), "user"))
    assert (wanted in [int(user[b"id"]) for user in found]) == (wanted < count)
    assert all(len(user) == 5 for user in found)


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_any_stream(chunks: list[bytes]) -> None:
    for fields in records(parts_with(chunks, "user", (b"<",)), "user"):
        assert fields


def test_what_is_no_record() -> None:
    assert list(records([b"</user> x </user>"], "user")) == []


@pytest.mark.parametrize(("raw", "number"), [(b"1.5", 1.5), (b"1e3", 1000.0), (b"nan", 0.0), (b"-1", 0.0), (b"", 0.0), (b"1e999", 0.0)])
def test_numbers(raw: bytes, number: float) -> None:
    assert number_of(raw) == number


def test_archives(tmp_path: Path) -> None:
    path = tmp_path / "user.gz"
    for data, reason in ((b"nonsense" * 9, "damaged"), (gzip.compress(b"x" * 5000)[:-9], "end is missing"), (b"", "end is missing")):
        path.write_bytes(data)
        with pytest.raises(ArchiveRefused, match=reason):
            list(unpacked(path))
    path.write_bytes(gzip.compress(b"") + b"behind")
    assert list(unpacked(path)) == []


def test_memory_is_constant(tmp_path: Path) -> None:
    """Also for a file that is one endless record, compressed a thousandfold."""
    path = tmp_path / "user.gz"
    path.write_bytes(gzip.compress(b"<user><id>1</id>" + b" " * 60_000_000))
    tracemalloc.start()
    try:
        assert list(records(unpacked(path), "user")) == []
        assert tracemalloc.get_traced_memory()[1] < 12 * 1024 * 1024
    finally:
        tracemalloc.stop()
