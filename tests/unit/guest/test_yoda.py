"""Histograms and result archives: what the guest writes is read exactly, everything else is refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import OutputUnreadable
from t4t.domain.histogram import Tally
from t4t.guest import yoda
from t4t.guest.yoda import parse_yoda, read_result
from t4t_guest.histogram import Booking
from t4t_guest.histogram import Histogram as GuestHistogram
from t4t_guest.yoda import yoda_text

if TYPE_CHECKING:
    from pathlib import Path

HISTO = """BEGIN YODA_HISTO1D_V2 /T4T/soft/nch
Path: /T4T/soft/nch
ScaledBy: 1.0e-03
Title: Charged multiplicity, |η| < 2.5
Type: Histo1D
XLabel: "charged: particles"
YLabel: ~
LogY: 1
---
# Mean: 1.5
# ID\tID\tsumw\tsumw2\tsumwx\tsumwx2\tnumEntries
Total   \tTotal   \t6.0\t6.0\t9.0\t20.0\t6
Underflow\tUnderflow\t0.0\t0.0\t0.0\t0.0\t0
Overflow\tOverflow\t1.0\t1.0\t5.0\t25.0\t1
# xlow\txhigh\tsumw\tsumw2\tsumwx\tsumwx2\tnumEntries
-5.0e-01\t5.0e-01\t2.0\t2.0\t0.1\t0.2\t2.0
5.0e-01\t1.5e+00\t3.0\t3.0\t3.1\t3.2\t3.0
END YODA_HISTO1D_V2

"""
COUNTER = "BEGIN YODA_COUNTER_V2 /_EVTCOUNT\nPath: /_EVTCOUNT\n---\n# sumw\n1.0\t1.0\t1\nEND YODA_COUNTER_V2\n\n"
JOB = {"beam": "pp", "events": 1000}


def test_a_histogram() -> None:
    found = parse_yoda(("# a comment\n" + COUNTER + HISTO).encode(), path="h.yoda")
    assert len(found) == 1
    histogram = found[0]
    assert (histogram.path, histogram.title) == ("/T4T/soft/nch", "Charged multiplicity, |η| < 2.5")
    assert (histogram.x_label, histogram.y_label, histogram.log_y) == ("charged: particles", "", True)
    assert histogram.edges == (-0.5, 0.5, 1.5)
    assert (histogram.sumw, histogram.sumw2, histogram.entries) == ((2.0, 3.0), (2.0, 3.0), (2.0, 3.0))
    assert (histogram.sumwx, histogram.sumwx2) == ((0.1, 3.1), (0.2, 3.2))
    assert histogram.total == Tally(sumw=6.0, sumw2=6.0, entries=6.0)
    assert histogram.overflow == Tally(sumw=1.0, sumw2=1.0, entries=1.0)
    assert parse_yoda(b"", path="h.yoda") == []
    assert parse_yoda(HISTO.replace("\n", "\r\n").encode(), path="h.yoda") == found[:1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BEGIN YODA_HISTO1D_V2 /T4T/soft/nch", "BEGIN YODA_HISTO1D_V2 nch"),
        ("BEGIN YODA_HISTO1D_V2", "BEGIN HISTO"),
        ("END YODA_HISTO1D_V2", "END YODA_HISTO1D"),
        ("END YODA_HISTO1D_V2\n", "BEGIN YODA_HISTO1D_V2 /b\n"),
        ("---\n", ""),
        ("Type: Histo1D", "Type Histo1D"),
        ("Type: Histo1D", ": Histo1D"),
        ("Type: Histo1D", "Note: " + "x" * 5000),
        ("Overflow\tOverflow\t1.0\t1.0\t5.0\t25.0\t1\n", ""),
        ("Underflow\tUnderflow", "Underflow\tOverflow"),
        ("3.0\t3.0\t3.1\t3.2\t3.0", "3.0\t3.0\t3.1\t3.2"),
        ("3.0\t3.0\t3.1\t3.2\t3.0", "3.0\t3.0\t3.1\t3.2\t3.0\t9"),
        ("3.1\t3.2", "nan\t3.2"),
        ("3.1\t3.2", "1_0\t3.2"),
        ("3.1\t3.2", "1e999\t3.2"),
        ("5.0e-01\t1.5e+00", "6.0e-01\t1.5e+00"),
        ("5.0e-01\t1.5e+00", "5.0e-01\t-1.5e+00"),
    ],
)
def test_what_is_refused(old: str, new: str) -> None:
    assert old in HISTO
    with pytest.raises(OutputUnreadable) as caught:
        parse_yoda(HISTO.replace(old, new, 1).encode(), path="h.yoda")
    assert caught.value.path == "h.yoda"
    assert len(caught.value.reason) < 300


def test_more_refusals() -> None:
    no_bins = "\n".join(line for line in HISTO.split("\n") if "e-01" not in line)
    many = HISTO.replace("END", "".join(f"{n}.5\t{n + 1}.5\t0\t0\t0\t0\t0\n" for n in range(1, 10_300)) + "END")
    for data in (
        no_bins.encode(),
        (HISTO + HISTO).encode(),
        many.encode(),
        HISTO.encode("latin-1", "replace") + b"\xff",
        b"BEGIN YODA_HISTO1D_V2 /a\nTitle: x\nEND YODA_HISTO1D_V2\n",
        b"\n" * (yoda.MAX_YODA_BYTES + 1),
        "".join(HISTO.replace("/T4T", f"/{number}") for number in range(yoda.MAX_HISTOGRAMS + 1)).encode(),
    ):
        with pytest.raises(OutputUnreadable):
            parse_yoda(data, path="h.yoda")


def test_control_characters_in_a_title_are_blanked() -> None:
    assert parse_yoda(HISTO.replace("Charged", "\x1b[31mCharged").encode(), path="").pop().title.startswith(" [31mCharged")


@given(st.binary(max_size=300) | st.lists(st.sampled_from(HISTO.splitlines(keepends=True)), max_size=40).map(lambda lines: "".join(lines).encode()))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    with contextlib.suppress(OutputUnreadable):
        assert isinstance(parse_yoda(data, path="p"), list)


def test_the_guests_own_writer_is_understood_to_the_last_bit() -> None:
    booking = Booking("eta", "Pseudorapidity, pT > 0.1 GeV", "η", "(1/N) dn/dη", 7, -1.0, 2.0)
    written = GuestHistogram(booking)
    for number in range(1000):
        written.fill(-1.5 + number / 250)
    (read,) = parse_yoda(yoda_text([written], folder="soft", events=300).encode(), path="p")
    assert (read.path, read.title, read.x_label, read.y_label) == ("/T4T/soft/eta", booking.title, "η", "(1/N) dn/dη")
    assert read.edges == tuple(written.edge(number) for number in range(8))
    assert read.sumw == tuple(count * (1 / 300) for count in written.counts[:7])
    assert read.entries == tuple(written.counts[:7])
    assert (read.underflow.entries, read.overflow.entries) == (written.counts[7], written.counts[8])


# --- archive -------------------------------------------------------------------------------------------------------


def packed(members: dict[str, bytes], *, kinds: dict[str, bytes] | None = None) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.type = (kinds or {}).get(name, tarfile.REGTYPE)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(written.getvalue())


def good(**more: bytes) -> dict[str, bytes]:
    return {"histograms.yoda": HISTO.encode(), "job.json": json.dumps(JOB).encode(), **more}


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(OutputUnreadable) as caught:
        read_result(path)
    assert caught.value.path == str(path)
    return caught.value.reason


def test_a_result(tmp_path: Path) -> None:
    path = tmp_path / "output.tgz"
    members = {"a" * 150: b"long name", "./job.json": json.dumps(JOB).encode(), "histograms.yoda": HISTO.encode(), "/etc/passwd": b"x"}
    path.write_bytes(packed(members))
    result = read_result(path)
    assert result.job == JOB
    assert [histogram.path for histogram in result.histograms] == ["/T4T/soft/nch"]
    assert list(tmp_path.iterdir()) == [path]


def test_bad_archives(tmp_path: Path) -> None:
    path = tmp_path / "output.tgz"
    with pytest.raises(OutputUnreadable):
        read_result(path)
    whole = packed(good())
    assert "gzip" in refusal(path, b"") or "cut off" in refusal(path, b"")
    assert "not gzip" in refusal(path, b"PK\3\4 something")
    assert "cut off" in refusal(path, whole[:-20])
    assert "not a tar" in refusal(path, gzip.compress(b"x" * 148 + b"0000001\0" + b"x" * 1000))
    assert "number" in refusal(path, gzip.compress(b"x" * 2000))
    assert "cut off" in refusal(path, gzip.compress(gzip.decompress(whole)[:700]))
    assert "without job.json" in refusal(path, packed({"histograms.yoda": b""}))
    assert "without histograms.yoda" in refusal(path, packed({"job.json": b"{}"}))
    assert "without job.json" in refusal(path, packed(good(), kinds={"job.json": tarfile.SYMTYPE}))
    assert "without job.json" in refusal(path, gzip.compress(b""))
    assert "members" in refusal(path, packed({f"f{number}": b"" for number in range(yoda.MAX_MEMBERS + 1)}))
    twice = io.BytesIO(gzip.decompress(packed({"job.json": b"{}"})).rstrip(b"\0") + b"\0" * 510)
    assert "twice" in refusal(path, gzip.compress(twice.getvalue() + gzip.decompress(packed({"job.json": b"{}"}))))


@pytest.mark.parametrize("job", [b"", b"[]", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"a": ' + b"9" * 10_000 + b"}"])
def test_bad_job_files(tmp_path: Path, job: bytes) -> None:
    refusal(tmp_path / "output.tgz", packed({**good(), "job.json": job}))


def test_large_and_bombs(tmp_path: Path) -> None:
    path = tmp_path / "output.tgz"
    assert "larger" in refusal(path, packed({**good(), "job.json": b" " * (yoda.MAX_JOB_BYTES + 1)}))
    bomb = zlib.compressobj(9, wbits=31)
    data = b"".join(bomb.compress(bytes(1024 * 1024)) for _ in range(70)) + bomb.flush()
    assert "unpacks to over" in refusal(path, data)
    assert "larger than" in refusal(path, bytes(yoda.MAX_PACKED_BYTES + 1))


@given(junk=st.binary(max_size=200), position=st.integers(0, 2000), inside=st.booleans())
def test_any_damage_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, *, junk: bytes, position: int, inside: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.tgz"
    whole = gzip.decompress(packed(good())) if inside else packed(good())
    damaged = whole[:position] + junk + whole[position + len(junk) :]
    path.write_bytes(gzip.compress(damaged, 1) if inside else damaged)
    with contextlib.suppress(OutputUnreadable):
        assert read_result(path).histograms is not None
