"""Known values out of real guests: real jobs in real QEMU machines by a real agent, their results as it keeps and tells them. One line for docs/evidence.

``python tests/soak/known_physics.py`` computes the Z at LEP and at the LHC and soft collisions at four energies, compares each histogram that the agent tells
with the guest's file bin by bin, and ends with 1 where something known does not come out. Without hardware virtualization it takes more than an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("app", "tests")]

import msgspec  # noqa: E402 - the paths above come first

from support.known_physics import CHARGED_AT_LEP, Z_MASS, Mean, has_leps_charge, has_the_z, mean_of, peak_of, rises  # noqa: E402
from support.task_folders import job_xml  # noqa: E402
from t4t.api.client import Client  # noqa: E402
from t4t.domain.errors import AgentMissing  # noqa: E402
from t4t.domain.physics import Plot, Result, ResultDetails  # noqa: E402
from t4t.guest.yoda import read_result  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG: Final = ROOT / "docs" / "evidence" / "known-physics.jsonl"
SEED: Final = 20_261
JOBS: Final = {
    "lep": ("ee zhad 91.2", 8000),
    "z": ("pp z 13000", 1000),
    "soft-900": ("pp softqcd 900", 3000),
    "soft-2760": ("pp softqcd 2760", 3000),
    "soft-7000": ("pp softqcd 7000", 3000),
    "soft-13000": ("pp softqcd 13000", 3000),
}
_MOST_S: Final = 6 * 3600.0
_ALONE: Final = ("in_use=go-on", "busy_slow_percent=0", "busy_pause_percent=0")
"""What others do on this computer is none of this."""


def runspec(name: str) -> str:
    """The job's line."""
    words, events = JOBS[name]
    return f"boinc {words} - - pythia8 8.317 tune-monash13 {events} {SEED}"


def give(data: Path, appliance: Path) -> None:
    """Put all task folders where the agent finds them."""
    for number, name in enumerate(JOBS):
        folder = data / "tasks" / f"{number}-{name}"
        folder.mkdir(parents=True)
        (folder / "vbox_job.xml").write_text(job_xml(memory_size_mb="512"))
        (folder / "input").write_text(f"{runspec(name)}\n")
        shutil.copyfile(appliance / "t4t-appliance.raw", folder / "vm_image.raw")


def kept(data: Path, agent: subprocess.Popen[bytes]) -> dict[str, ResultDetails]:
    """What the agent tells of each result, once all of them are there."""
    end = time.monotonic() + _MOST_S
    while time.monotonic() < end and agent.poll() is None:
        time.sleep(2)
        try:
            with Client(data, seconds=30) as client:
                found = msgspec.convert(client.call("results"), list[Result])
                print(f"{len(found)} of {len(JOBS)} results", file=sys.stderr)
                if len(found) == len(JOBS) and all(one.plots for one in found):
                    told = [msgspec.convert(client.call("result", id=one.id), ResultDetails) for one in found]
                    return {one.result.task.partition("-")[2]: one for one in told}
        except AgentMissing:
            continue
    raise TimeoutError("the jobs did not end")


def same_bins(data: Path, told: Mapping[str, ResultDetails]) -> int:
    """How many bins were compared with the guests' files; raises AssertionError where one differs."""
    bins = 0
    for name, details in told.items():
        (archive,) = (data / "done").glob(f"*-{name}/shared/output.tgz")
        histograms = read_result(archive).histograms
        assert [one.path.rpartition("/")[2] for one in histograms] == [plot.name for plot in details.plots]
        for histogram, plot in zip(histograms, details.plots, strict=True):
            assert (plot.edges, plot.heights, plot.errors) == (histogram.edges, histogram.heights, histogram.errors), (name, plot.name)
            bins += len(plot.heights)
    return bins


def judged(told: Mapping[str, ResultDetails]) -> dict[str, Any]:
    """The known values, and whether each came out."""

    def plot(name: str, which: str) -> tuple[Plot, int]:
        details = told[name]
        return next(one for one in details.plots if one.name == which), details.result.events

    charged, events = plot("lep", "nch")
    mass, bosons = plot("z", "mass")
    soft: dict[float, Mean] = {}
    for name in told:
        if name.startswith("soft-"):
            found, number = plot(name, "nch")
            soft[float(name.partition("-")[2])] = mean_of(found.edges, found.heights, number)
    return {
        "charged particles at LEP": _told(
            mean_of(charged.edges, charged.heights, events), known=CHARGED_AT_LEP, agrees=has_leps_charge(charged.edges, charged.heights, events)
        ),
        "mass of the Z, GeV": _told(mean_of(mass.edges, mass.heights, bosons, around=Z_MASS), known=Z_MASS, agrees=has_the_z(mass.edges, mass.heights, bosons))
        | {"highest bin": peak_of(mass.edges, mass.heights)},
        "charged particles in soft collisions, |η| < 2.5": {
            "by energy": {f"{energy:.0f} GeV": _told(soft[energy]) for energy in sorted(soft)},
            "agrees": rises(soft),
        },
    }


def _told(mean: Mean, **more: object) -> dict[str, Any]:
    return {"mean": round(mean.value, 3), "error": round(mean.error, 3), **more}


def run(folder: Path, appliance: Path) -> dict[str, Any]:
    """All of it."""
    data, begun = folder / "data", time.monotonic()
    program = (sys.executable, "-m", "t4t", "--data-dir", str(data))
    around = os.environ | {"PYTHONPATH": str(ROOT / "app")}
    give(data, appliance)
    subprocess.run((*program, "settings", "set", *_ALONE), check=True, stdout=subprocess.DEVNULL, env=around)
    agent = subprocess.Popen((*program, "run", "--hypervisor", "qemu", "--cores", "2", "--tasks", "1"), stdout=subprocess.DEVNULL, env=around)
    try:
        told = kept(data, agent)
    finally:
        agent.terminate()
        agent.wait(120)
    bins, values = same_bins(data, told), judged(told)
    return {
        "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "jobs": {name: {"runspec": runspec(name), "events": details.result.events} for name, details in told.items()},
        "bins equal to the guests' files": bins,
        "values": values,
        "agrees": all(value["agrees"] for value in values.values()),
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> int:
    """Add a line to the evidence; 1 where something known does not come out."""
    parser = argparse.ArgumentParser(description="Known values out of real guests.")
    parser.add_argument("--log", type=Path, default=LOG, help="where the line goes")
    options = parser.parse_args()
    appliance = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance")
    with tempfile.TemporaryDirectory(prefix="t4t-physics-") as name:
        found = run(Path(name), appliance)
    with options.log.open("a", encoding="utf-8") as log:
        log.write(json.dumps(found, ensure_ascii=False) + "\n")
    print(json.dumps(found, indent=1, ensure_ascii=False))
    return 0 if found["agrees"] else 1


if __name__ == "__main__":
    sys.exit(main())
