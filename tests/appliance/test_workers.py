"""Chunks in child processes: results, failures and deaths, with a generator that needs no Pythia."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from t4t_guest.chunks import Chunk, ChunkResult, GeneratorFailedError, plan
from t4t_guest.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Steady:
    """Gives back what identifies a chunk."""

    def compute(self, chunk: Chunk, report: Callable[[int], None]) -> ChunkResult:
        report(chunk.events // 2)
        return ChunkResult(chunk.events, 0, float(chunk.seed), 0.1, [([chunk.number], [1 / 3], [2 / 3])])


class Dying(Steady):
    """Its process is killed in chunk 1, as often as there are files to be used up."""

    def __init__(self, lives: Path) -> None:
        self._lives = lives

    def compute(self, chunk: Chunk, report: Callable[[int], None]) -> ChunkResult:
        if chunk.number == 1 and (life := next(self._lives.iterdir(), None)):
            life.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().compute(chunk, report)


class Failing(Steady):
    """Can't do chunk 1."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def compute(self, chunk: Chunk, report: Callable[[int], None]) -> ChunkResult:
        if chunk.number == 1:
            raise self._error
        return super().compute(chunk, report)


def compute_all(generator: Steady, cores: int) -> dict[int, ChunkResult]:
    results: dict[int, ChunkResult] = {}
    Workers(generator, cores, finished=results.__setitem__, moved=lambda _events: None).run(plan(23, 7))
    return results


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_results_come_back_exactly_whatever_the_cores(cores: int) -> None:
    results = compute_all(Steady(), cores)
    assert sorted(results) == [0, 1, 2, 3, 4]
    for chunk in plan(23, 7):
        result = results[chunk.number]
        assert (result.events, result.cross_section) == (chunk.events, float(chunk.seed))
        assert [tuple(content) for content in result.histograms] == [([chunk.number], [1 / 3], [2 / 3])]


def test_a_process_that_dies_once_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "1").touch()
    assert compute_all(Dying(tmp_path), 2) == compute_all(Steady(), 1)
    assert "trying again" in capsys.readouterr().out


def test_a_process_that_dies_twice_ends_the_job(tmp_path: Path) -> None:
    (tmp_path / "1").touch()
    (tmp_path / "2").touch()
    with pytest.raises(GeneratorFailedError, match="chunk 1 died"):
        compute_all(Dying(tmp_path), 1)


@pytest.mark.parametrize("error", [GeneratorFailedError("no events"), RuntimeError("no events")])
def test_a_failure_ends_the_job_with_its_text(error: Exception) -> None:
    with pytest.raises(GeneratorFailedError, match="no events"):
        compute_all(Failing(error), 3)
