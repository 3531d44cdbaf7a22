"""The reference distributions of the guest's page: long runs of the demo's runspecs by the appliance's own runner, written into `resources/appliance/web`.

`python3 packaging/appliance/references.py --appliance DIR [--cores N] [NAME…]`, a quarter of an hour for all. The seed is none that a demo job gets, so a
reference shares no collision with what it is compared to.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from native import guest_command, guest_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER = Path(__file__).resolve().parents[2] / "resources/appliance/web/reference"
_SEED = 899_999_981
_RUNS = {
    "ee-zhad": ("ee zhad 91.2 - - pythia8 8.317 tune-monash13", 60_000),
    "pp-softqcd": ("pp softqcd 13000 - - pythia8 8.317 tune-monash13", 20_000),
    "pp-jets": ("pp jets 13000 20 - pythia8 8.317 tune-monash13", 20_000),
    "pp-z": ("pp z 13000 - - pythia8 8.317 tune-monash13", 20_000),
}


def _key(words: str) -> str:
    """What the page looks a job up by: its line without version, number of events and seed."""
    beam, process, energy, params, specific, generator, _version, tune = words.split()
    return f"{beam} {process} {energy} {params} {specific} {generator} {tune}"


def _short(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


def compute(appliance: Path, name: str, cores: int) -> None:
    """Run one reference and write its file.

    Raises subprocess.CalledProcessError.
    """
    words, events = _RUNS[name]
    runspec = f"boinc {words} {events} {_SEED}"
    with tempfile.TemporaryDirectory() as folder:
        job = ["-m", "t4t_guest.run", "--runspec", runspec, "--out", folder, "--status", folder, "--cores", str(cores)]
        subprocess.run(guest_command(appliance, *job), env=guest_environment(appliance), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        found = json.loads((Path(folder) / "histograms.json").read_text())
    kept = [{"name": one["name"], "heights": _short(one["heights"]), "errors": _short(one["errors"])} for one in found["histograms"]]
    text = json.dumps({"runspec": runspec, "events": found["events"], "histograms": kept}, separators=(",", ":"))
    (_FOLDER / f"{name}.json").write_text(text + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compute the reference distributions of the guest's page.")
    parser.add_argument("--appliance", type=Path, required=True, help="folder made by build.py")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("name", nargs="*", choices=[[], *_RUNS], help="which; all where none is named")
    options = parser.parse_args(arguments)
    for name in options.name or _RUNS:
        compute(options.appliance, name, options.cores)
        print(name, flush=True)
    index = {_key(words): f"{name}.json" for name, (words, _) in _RUNS.items() if (_FOLDER / f"{name}.json").is_file()}
    (_FOLDER / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
