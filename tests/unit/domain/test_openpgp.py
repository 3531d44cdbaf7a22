"""Fingerprints of real keys, as gpg names them; whatever else comes is no key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.openpgp import fingerprints

FILES = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "openpgp").glob("*.asc"))


def armoured(data: bytes) -> str:
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{base64.b64encode(data).decode()}\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem[:8])
def test_as_gpg_names_them(file: Path) -> None:
    text = file.read_text(encoding="ascii")
    assert fingerprints(text) == (file.stem,)
    assert fingerprints(text.replace("\n", "\r\n")) == (file.stem,)
    assert fingerprints("before\n" + text.replace("BLOCK-----\n\n", "BLOCK-----\nVersion: x\n\n")) == (file.stem,)


def test_two_keys_are_two() -> None:
    assert fingerprints("".join(file.read_text(encoding="ascii") for file in FILES)) == tuple(file.stem for file in FILES)


@pytest.mark.parametrize(
    "data",
    [
        b"\x99\x00\x05\x04abc",  # cut off
        b"\x99\x00\x02\x03a",  # version 3
        b"\x99\x00\x00",  # empty
        b"\x05\x00",  # no packet
        b"\x9b\x04",  # of undefined length
        b"\xc6\xe1\x04",  # of partial length
        b"\xc6",
        b"\xc6\xff\x00\x00",
    ],
)
def test_what_is_no_key(data: bytes) -> None:
    assert fingerprints(armoured(data)) == ()


@pytest.mark.parametrize("length", [b"\x02", b"\xff\x00\x00\x00\x02"])
def test_lengths_of_new_packets(length: bytes) -> None:
    assert len(fingerprints(armoured(b"\xc6" + length + b"\x04x"))) == 1


def test_a_long_new_packet() -> None:
    body = b"\x04" + bytes(299)
    assert len(fingerprints(armoured(b"\xc6\xc0" + bytes([300 - 192]) + body))) == 1


@given(st.binary(max_size=60))
def test_anything(data: bytes) -> None:
    assert all(len(one) == 40 for one in fingerprints(armoured(data)))


def test_no_armour() -> None:
    assert fingerprints("") == ()
    assert fingerprints(armoured(b"\x99\x00\x02\x04a").replace("mQAC", "m!AC")) == ()
