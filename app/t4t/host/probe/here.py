"""The probe of the computer that we run on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from t4t.domain.facts import Computer, System, certain, unknown
from t4t.host.probe.base import RealMeasures, measured

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.host.probe.base import Measures, Probe

if sys.platform == "linux":
    from t4t.host.probe.linux import here as _here
elif sys.platform == "darwin":
    from t4t.host.probe.macos import here as _here
elif sys.platform == "win32":
    from t4t.host.probe.windows import WindowsProbe, WindowsSurroundings
    from t4t.host.probe.windows_api import RealWindows

    def _here(measures: Measures) -> Probe:
        return WindowsProbe(WindowsSurroundings(api=RealWindows(), measures=measures))

else:

    def _here(measures: Measures) -> Probe:
        return PlainProbe(measures)


class PlainProbe:
    """A system that we know nothing about but its size."""

    def __init__(self, measures: Measures) -> None:
        """Nothing is asked yet."""
        self._measures = measures

    def look(self) -> Computer:
        """See `Probe.look`."""
        memory, disk = measured(self._measures)
        cores = self._measures.cores()
        return Computer(
            system=System.OTHER,
            name=certain(sys.platform, "sys.platform"),
            cores=unknown("processors") if cores is None else certain(cores, "processors"),
            memory=memory,
            disk=disk,
        )


def probe(data: Path) -> Probe:
    """The probe of this computer; ``data`` is our data folder, whose disk counts."""
    return _here(RealMeasures(data))
