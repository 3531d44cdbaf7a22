"""What a job shows of itself: a collision, the histograms, the list of finished jobs, and what the web server hands out of it."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from t4t_guest import live
from t4t_guest.chunks import ChunkResult, Merger
from t4t_guest.event import LEAST_PT, MOST_PARTICLES, describe, is_shown
from t4t_guest.files import write_json
from t4t_guest.histogram import Booking, Histogram
from t4t_guest.live import EVENT, HISTOGRAMS, HISTORY, YODA, Live
from t4t_guest.machine import Machine
from t4t_guest.runspec import parse_runspec
from t4t_guest.web import WebFiles
from t4t_guest.yoda import yoda_text

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BOOKING = Booking("pt", "Transverse momentum", "pT [GeV]", "(1/N) dn/dpT", 4, 0.0, 2.0)
SPEC = parse_runspec("boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 20 7")


class Particle:
    """A particle with Pythia's methods."""

    def __init__(self, identity: int, status: int, momentum: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        self.idSave, self.statusSave = identity, status
        self._momentum = momentum

    def isVisible(self) -> bool:  # noqa: N802 - Pythia's name
        return abs(self.idSave) not in {12, 14, 16}

    def charge(self) -> float:
        return -1.0 if self.idSave == 11 else 0.0

    def pT(self) -> float:  # noqa: N802 - Pythia's name
        return math.hypot(*self._momentum[:2])

    def px(self) -> float:
        return self._momentum[0]

    def py(self) -> float:
        return self._momentum[1]

    def pz(self) -> float:
        return self._momentum[2]

    def e(self) -> float:
        return math.hypot(*self._momentum)


def result(event: dict[str, object] | None = None) -> ChunkResult:
    histogram = Histogram(BOOKING)
    histogram.fill_all([0.1, 0.2, 1.7, 5.0])
    return ChunkResult(10, 0, 1.0, 0.1, [(histogram.counts, histogram.sums, histogram.squares)], event)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_collision_is_told_by_what_met_and_what_came_out() -> None:
    record = [Particle(11, -21), Particle(-11, -21), Particle(23, -22), Particle(1, -23), Particle(-1, -23), Particle(21, -51)]
    seen = [
        Particle(11, 91, (0.123456, 0.0, -1.0)),
        Particle(22, 91, (3.0, 4.0, 0.0)),
        Particle(12, 91, (9.0, 0.0, 0.0)),
        Particle(22, 91, (LEAST_PT, 0.0, 50.0)),
    ]
    told = describe([*record, *seen], 8)
    assert (told["incoming"], told["between"], told["outgoing"], told["chunk"]) == ([11, -11], [23], [1, -1], 8)
    assert told["count"] == 2
    assert told["particles"] == [[22, 0, 3.0, 4.0, 0.0, 5.0], [11, -1, 0.1235, 0.0, -1.0, 1.008]]


@given(st.lists(st.floats(0.2, 1e4), max_size=MOST_PARTICLES + 50))
def test_of_many_particles_the_hardest_are_kept(momenta: list[float]) -> None:
    told = describe([Particle(22, 91, (value, 0.0, 0.0)) for value in momenta], 0)
    rows = told["particles"]
    assert isinstance(rows, list)
    assert told["count"] == len(momenta)
    assert [row[2] for row in rows] == [float(f"{value:.4g}") for value in sorted(momenta, reverse=True)[:MOST_PARTICLES]]


def test_every_fourth_chunk_shows_one() -> None:
    assert [number for number in range(9) if is_shown(number)] == [0, 4, 8]


def test_the_files_of_a_job_are_its_own_from_begin_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json(f"{tmp_path}/{EVENT}", {"of": "an earlier job"})
    clock = [100.0]
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock[0], time=lambda: 1_800_000_000.5))
    merger = Merger([BOOKING])
    shown = Live(str(tmp_path), SPEC, "ee")
    shown.begin(merger)
    assert read(tmp_path / EVENT) == {}
    assert read(tmp_path / HISTOGRAMS)["events"] == 0
    merger.add(0, result())
    shown.chunk(result({"chunk": 0, "particles": []}), merger)
    assert read(tmp_path / EVENT) == {"family": "ee", "chunk": 0, "particles": []}, "the first is shown at once"
    assert read(tmp_path / HISTOGRAMS)["events"] == 0, "the histograms were written a moment ago"
    clock[0] += 3.0
    shown.chunk(result({"chunk": 4, "particles": []}), merger)
    assert read(tmp_path / EVENT)["chunk"] == 0, "a collision may be looked at for four seconds"
    histograms = read(tmp_path / HISTOGRAMS)
    assert (histograms["events"], histograms["histograms"][0]["heights"]) == (10, [0.4, 0.0, 0.0, 0.2])
    merger.add(1, result())
    clock[0] += 2.0
    shown.histograms(merger, last=True)
    assert (tmp_path / YODA).read_text() == yoda_text(merger.histograms, folder="ee", events=20)
    shown.end("done", merger)
    shown.end("failed", merger, "no events")
    done, failed = read(tmp_path / HISTORY)["jobs"]
    assert (done["state"], done["events"], done["seconds"], done["runspec"]) == ("done", 20, 5.0, SPEC.line)
    assert done["finished"] == 1_800_000_000
    assert done["curve"] == {"name": "pt", "heights": [0.4, 0.0, 0.0, 0.2]}
    assert (failed["state"], failed["message"]) == ("failed", "no events")


def test_the_list_of_finished_jobs_has_an_end(tmp_path: Path) -> None:
    write_json(f"{tmp_path}/{HISTORY}", {"jobs": [{"number": number} for number in range(50)]})
    Live(str(tmp_path), SPEC, "ee").end("done", Merger([BOOKING]))
    jobs = read(tmp_path / HISTORY)["jobs"]
    assert len(jobs) == 50
    assert jobs[0] == {"number": 1}


def test_a_spoilt_list_of_jobs_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / HISTORY).write_text('{"jobs": 7}')
    Live(str(tmp_path), SPEC, "ee").end("done", Merger([BOOKING]))
    assert len(read(tmp_path / HISTORY)["jobs"]) == 1


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    merger = Merger([BOOKING])
    shown = Live(None, SPEC, "ee")
    shown.begin(merger)
    shown.chunk(result({"chunk": 0}), merger)
    shown.histograms(merger, last=True)
    shown.end("done", merger)
    assert list(tmp_path.iterdir()) == []


def test_the_web_hands_out_what_has_changed(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.mkdir()
    web = WebFiles(str(tmp_path / "www"), Machine("qemu", 1, 256, "6.1", "1"))
    web.publish(str(status))
    job = tmp_path / "www/job"
    assert list(job.iterdir()) == []
    (status / YODA).write_text("one")
    (status / HISTORY).write_text('{"jobs":[]}')
    web.publish(str(status))
    assert (job / YODA).read_text() == "one"
    assert (tmp_path / "www" / HISTORY).read_text() == '{"jobs":[]}'
    before = (job / YODA).stat().st_ino
    web.publish(str(status))
    assert (job / YODA).stat().st_ino == before, "what is the same is not written again"
    write_json(str(status / YODA), "two")
    web.publish(str(status))
    assert (job / YODA).read_text() == '"two"\n'
