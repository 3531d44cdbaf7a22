"""Credit, keys, and results computed again."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from t4t.demo.project.book import Credit
from t4t.demo.project.keys import KeyPair, md5_of
from t4t.demo.project.validation import Physics, leaked
from t4t.project.signing import SigningKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def test_credit_halves_every_week() -> None:
    credit = Credit()
    credit.grant(70.0, since=1000.0, now=1000.0 + 86400)
    assert (credit.total, credit.average) == (70.0, 70.0)
    credit.grant(0.0, since=0.0, now=credit.average_time + 7 * 86400)
    assert credit.average == pytest.approx(35.0)
    before = credit.average
    credit.grant(10.0, since=0.0, now=credit.average_time)
    assert credit.average > before


def test_signatures_are_what_clients_check(tmp_path: Path) -> None:
    key = KeyPair.kept(tmp_path / "key.pem")
    public = SigningKey(key.text)
    for number in range(30):  # leading zeros come one time in 256
        md5 = md5_of(str(number))
        public.check(file="f", md5=md5, signature=key.sign(md5))
        assert key.signed(md5, key.sign(md5))
    assert not key.signed(md5_of("other"), key.sign(md5))
    assert not key.signed(md5, "zz" * 128)


def test_a_key_of_another_kind_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    KeyPair.kept(path)
    assert path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIE3xYf1ZQq0c5u1mSgqE7rVhK2p9o3b1O7kqv7bW2x1R\n-----END PRIVATE KEY-----\n")
    with pytest.raises(ValueError, match=r"key\.pem"):
        KeyPair.kept(path)


def test_leaks_are_found_in_damaged_archives_too() -> None:
    packed = gzip.compress(b"a secret is here")
    assert leaked(["secret"], [packed])
    assert leaked(["secret"], [packed[:-4]])
    assert not leaked(["secret", ""], [b"\x1f\x8b nothing"])


def write_result(path: Path, job: Mapping[str, object], *, histograms: bytes) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (("histograms.yoda", histograms), ("job.json", json.dumps(job).encode())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


RUNSPEC = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 10 7"


async def test_physics_is_computed_again(tmp_path: Path, appliance_dir: Path) -> None:
    judge = Physics(appliance_dir)
    assert judge.can_compute
    data = await judge.compute(RUNSPEC)
    assert data is not None
    result = tmp_path / "output.tgz"
    result.write_bytes(data)
    assert await judge(RUNSPEC, result) == ""
    assert await judge(RUNSPEC.replace(" 7", " 8"), result) == "it is the result of another job"
    plain = bytearray(gzip.decompress(data))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        file = archive.extractfile("histograms.yoda")
        assert file is not None
        yoda = file.read()
    at = plain.index(b"Total")
    digit = next(i for i in range(at, len(plain)) if plain[i : i + 1].isdigit())
    plain[digit] = ord("0") + (plain[digit] - ord("0") + 1) % 10
    result.write_bytes(gzip.compress(bytes(plain)))
    assert await judge(RUNSPEC, result) == "another computation of the same events gave other bits"
    assert await Physics(tmp_path)(RUNSPEC, result) == ""
    many = RUNSPEC.replace(" 10 ", " 3000 ")
    job = {"events": 3000, "seed": 7}
    write_result(result, job, histograms=yoda)
    assert await judge(many, result) == ""
    write_result(result, job, histograms=b"")
    assert await judge(many, result) == "the result is empty"
    write_result(result, job | {"events": 10}, histograms=yoda)
    assert await Physics(appliance_dir, seconds=0.0)(RUNSPEC, result) == "the job could not be computed again"
    result.write_bytes(b"nothing")
    assert "can't be read" in await judge(RUNSPEC, result)
    assert await Physics(appliance_dir, seconds=0.0).compute(RUNSPEC) is None
    assert await judge.compute("boinc ee nonsense 91.2 - - pythia8 8.317 tune-monash13 10 7") is None
