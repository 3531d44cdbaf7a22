"""``t4t decode``: the verdict on every recorded reply."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.project_errors import RecordUnreadable
from t4t.project.decode import decode_file, decode_reply
from t4t.project.record import read_record
from unit.project.recorded import FOLDER, RESPONSES

if TYPE_CHECKING:
    import random
    from pathlib import Path

VERDICTS = json.loads((FOLDER / "verdicts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RESPONSES)
def test_every_recording_has_its_verdict(name: str) -> None:
    data = (FOLDER / f"{name}.response").read_bytes()
    decoded = decode_reply(data)
    assert [decoded.kind, decoded.ok, decoded.error_num, decoded.error] == VERDICTS[name]
    body = read_record(data).body
    if decoded.kind not in {"file", "redirect", "html", "empty"}:
        assert decode_reply(body) == decoded  # without its head it says the same


def test_the_head_counts() -> None:
    body = b"<account_out><authenticator>a</authenticator></account_out>"
    assert decode_reply(body).ok
    failed = decode_reply(b"HTTP/1.1 503 Busy\r\n\r\n" + body)
    assert (failed.ok, failed.error) == (False, "HTTP status 503")
    down = decode_reply(b'HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/xml\r\n\r\n<?xml version="1.0" encoding="ISO-8859-1" ?>\n')
    assert (down.kind, down.ok, down.error) == ("empty", False, "HTTP status 500")


@pytest.mark.parametrize(
    ("data", "kind", "error"),
    [
        (b"", "empty", "an empty reply"),
        (b"nonsense", "unknown", "no reply of a BOINC project"),
        (b"<x>" * 99, "unknown", "nested deeper than 32"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>x", "unknown", "no reply of a BOINC project"),
        (b"<html>" + b"<x>" * 99, "html", "a web page: "),
        (b"<scheduler_reply><userid>1</userid>", "scheduler_reply", "its end is missing"),
        (b"<acct_mgr_reply><error_num>-136</error_num><error_msg>no</error_msg></acct_mgr_reply>", "acct_mgr_reply", "no"),
        (b"<data_server_reply></data_server_reply>", "data_server_reply", "no status"),
    ],
)
def test_trouble(data: bytes, kind: str, error: str) -> None:
    decoded = decode_reply(data)
    assert (decoded.kind, decoded.ok, decoded.error) == (kind, False, error)


def test_lists_and_trees() -> None:
    users = decode_reply(b"<users><user><id>1</id></user><user><id>2</id></user></users>")
    assert [user["id"] for user in users.fields["users"]] == [1, 2]
    tree = decode_reply(b"<tables><x>1</x><x>2</x><x>3</x><y><z>4</z></y></tables>")
    assert tree.fields == {"x": ["1", "2", "3"], "y": {"z": "4"}}


def test_records() -> None:
    assert read_record(b"HTTP/1.1 200 OK\nA: 1\n\nbody") == read_record(b"HTTP/1.1 200 OK\r\na: 1\r\n\r\nbody")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde"
    assert read_record(chunked).body == b"abcde"
    assert read_record(chunked.replace(b"3;x=y\r\nabc\r\n2\r\nde", b"<x/>")).body == b"<x/>"
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    assert read_record(packed + gzip.compress(b"body")).body == b"body"
    assert read_record(packed + b"body").body == b"body"
    assert read_record(b"HTTP/1.1 204 No Content\r\n").status == 204


def test_files(tmp_path: Path) -> None:
    with pytest.raises(RecordUnreadable):
        decode_file(tmp_path / "nothing")
    path = tmp_path / "reply"
    path.write_bytes(b"<error><error_num>-206</error_num><error_msg>bad password</error_msg></error>")
    assert (decode_file(path).error_num, decode_file(path).error) == (-206, "bad password")
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(RecordUnreadable, match="larger"):
        decode_file(path)


@given(st.binary(max_size=500))
def test_any_bytes_have_a_verdict(data: bytes) -> None:
    json.dumps(decode_reply(data).fields)
    json.dumps(decode_reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data).fields)


@given(st.randoms(use_true_random=False), st.sampled_from(RESPONSES))
def test_mutated_recordings_have_a_verdict(chance: random.Random, name: str) -> None:
    data = bytearray((FOLDER / f"{name}.response").read_bytes()[:20_000])
    for _ in range(chance.randrange(1, 20)):
        at = chance.randrange(len(data) + 1)
        if chance.random() < 0.5:
            data[at : at + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
        else:
            other = (FOLDER / f"{chance.choice(RESPONSES)}.response").read_bytes()
            start = chance.randrange(len(other) + 1)
            data[at : at + chance.randrange(300)] = other[start : start + chance.randrange(300)]
    json.dumps(decode_reply(bytes(data)).fields)
