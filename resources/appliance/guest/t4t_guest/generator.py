"""One initialised Pythia, and the events of a chunk from it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pythia8mc

from t4t_guest.analysis import analysis_for
from t4t_guest.chunks import ChunkResult, GeneratorFailedError
from t4t_guest.event import describe, is_shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t_guest.chunks import Chunk
    from t4t_guest.physics import Process
    from t4t_guest.runspec import Runspec

_TRIES_PER_EVENT = 20
_REPORT_SECONDS = 0.25


def data_folder() -> str:
    """Pythia's `xmldoc`: as the environment says, otherwise beside the Python that runs."""
    return os.environ.get("PYTHIA8DATA") or os.path.join(sys.prefix, "share/Pythia8/xmldoc")  # noqa: PTH118 -- pathlib is slow to import


class Generator:
    """Pythia, initialised for one runspec. `initialise` once, then `compute` in a forked copy for each chunk."""

    def __init__(self, spec: Runspec, process: Process) -> None:
        """Take over what is to be computed; nothing is initialised yet."""
        self._spec = spec
        self._process = process
        self._pythia = pythia8mc.Pythia(data_folder(), False)  # noqa: FBT003 -- the binding has no names: no banner

    @property
    def version(self) -> str:
        """Version of Pythia, such as `8.317`."""
        return f"{self._pythia.settings.parm('Pythia:versionNumber'):.3f}"

    def initialise(self) -> None:
        """Read the settings and prepare for events; a pure function of the runspec.

        Raises GeneratorFailedError.
        """
        for line in (*self._process.settings, "Random:setSeed = on", f"Random:seed = {self._spec.seed}"):
            if not self._pythia.readString(line):
                raise GeneratorFailedError(f"Pythia does not take the setting {line!r}")
        if not self._pythia.init():
            raise GeneratorFailedError("Pythia could not be initialised")

    def compute(self, chunk: Chunk, report: Callable[[int], None]) -> ChunkResult:
        """Generate and analyse the events of a chunk; `report` is told now and then how many are done.

        Must run in a fresh copy of the initialised generator. Raises GeneratorFailedError when events fail again and again.
        """
        pythia = self._pythia
        pythia.rndm.init(chunk.seed)
        analysis = analysis_for(self._process.family, self._spec.energy)
        event, read, advance = pythia.event, analysis.read, pythia.next
        shown = None
        done = failures = 0
        due = time.monotonic() + _REPORT_SECONDS
        while done < chunk.events:
            if not advance():
                # Which events fail is decided by the seed, so trying on gives the same events everywhere.
                failures += 1
                if failures > _TRIES_PER_EVENT + chunk.events:
                    raise GeneratorFailedError(f"chunk {chunk.number}: Pythia gave up {failures} events")
                continue
            read(event)
            if not done and is_shown(chunk.number):
                shown = describe(event.particles(), chunk.number)
            done += 1
            if time.monotonic() >= due:
                report(done)
                due = time.monotonic() + _REPORT_SECONDS
        info = pythia.infoPython()
        content = [(histogram.counts, histogram.sums, histogram.squares) for histogram in analysis.histograms]
        return ChunkResult(done, failures, info.sigmaGen(), info.sigmaErr(), content, shown)
