"""Real kills on real QEMU, round after round, each result compared with the native one to the last bit.

``python tests/soak/kill_rounds.py --rounds 20`` appends one line a round to the log and goes on where an earlier run stopped. A round is a function of seed and
number: runspec, cores, and when which of our processes is ended how.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("app", "tests", "packaging/appliance", "resources/appliance/guest")]

import psutil  # noqa: E402 - the paths above come first

from support.task_folders import job_xml  # noqa: E402
from support.task_shell import PROCESSES, Shell, shell_on  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOWS = ("ctrl-c", "kill command", "kill host", "kill machine", "kill everything")


@dataclasses.dataclass(frozen=True, slots=True)
class Round:
    """What happens in one round."""

    number: int
    runspec: str
    cores: int
    blows: tuple[tuple[float, str], ...]
    """Fractions of the job at which a blow falls."""


def plan(seed: int, number: int) -> Round:
    """The round's plan, the same for the same seed and number."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable is what is wanted
    template, events = chance.choice(PROCESSES)
    runspec = template.format(events=events * chance.randint(1, 3), seed=chance.randint(1, 30_000))
    fractions = sorted(chance.uniform(0.05, 0.85) for _ in range(chance.randint(1, 3)))
    return Round(number, runspec, chance.choice((1, 2)), tuple((round(fraction, 3), chance.choice(BLOWS)) for fraction in fractions))


def _strike(shell: Shell, process: subprocess.Popen[bytes], blow: str) -> subprocess.Popen[bytes] | None:
    """One blow; the command's process if it goes on, None if it has to be started again."""
    match blow:
        case "ctrl-c":
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=240)
            assert status in {0, 130}, status  # 0: it was done before the signal came
            return None
        case "kill command":
            process.kill()
            process.wait()
        case "kill host":
            _kill_if_running(shell.host, process)
            return process
        case "kill machine":
            _kill_if_running(shell.machine, process)
            return process
        case _:
            for victim in [psutil.Process(process.pid), *shell.ours()]:
                victim.kill()
            process.wait()
    _, left = psutil.wait_procs(shell.ours(), timeout=120)
    assert not left, "a process of ours lives on without its command"
    return None


def _kill_if_running(find: Callable[[], psutil.Process], command: subprocess.Popen[bytes]) -> None:
    """Kill it, unless the command is done and took it along."""
    try:
        find().kill()
    except (AssertionError, psutil.NoSuchProcess):
        if command.poll() is None:
            raise


def play(turn: Round, folder: Path, appliance: Path) -> dict[str, Any]:
    """Play one round; raises AssertionError when something is lost."""
    begun = time.monotonic()
    with shell_on(folder, appliance, turn.runspec) as shell:
        (shell.task / "vbox_job.xml").write_text(job_xml(minimum_checkpoint_interval="4"))
        struck = []
        process: subprocess.Popen[bytes] | None = None
        for fraction, blow in turn.blows:
            process = process or shell.start("--cores", str(turn.cores))
            if shell.until(fraction) and process.poll() is None:
                process = _strike(shell, process, blow)
                struck.append(blow)
        document = shell.finish(process or shell.start("--cores", str(turn.cores)))
        assert document["outcome"] == "done", document
        equal = shell.result() == shell.native()
        leftovers = len(shell.ours())
    return dataclasses.asdict(turn) | {
        "struck": struck,
        "equal": equal,
        "restarts": document["restarts"],
        "checkpoints": document["checkpoints"],
        "leftover_processes": leftovers,
        "seconds": round(time.monotonic() - begun, 1),
    }


def _done(log: Path, seed: int) -> Iterator[int]:
    if log.is_file():
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["seed"] == seed:
                yield entry["number"]


def main() -> int:
    """Play the rounds that are not in the log yet; 1 if one of them failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=100)
    arguments.add_argument("--only", type=int, help="one round, whether it was played before or not")
    arguments.add_argument("--seed", type=int, default=20261122)
    arguments.add_argument("--log", type=Path, default=ROOT / "docs" / "evidence" / "kill-rounds.jsonl")
    args = arguments.parse_args()
    appliance = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance")
    done = set(_done(args.log, args.seed))
    failed = 0
    for number in [args.only] if args.only else range(1, args.rounds + 1):
        if number in done and not args.only:
            continue
        with tempfile.TemporaryDirectory(prefix="t4t-soak-") as folder:
            try:
                entry = play(plan(args.seed, number), Path(folder), appliance)
            except (AssertionError, TimeoutError, psutil.Error, subprocess.SubprocessError) as error:
                said = Path(folder, "err.log").read_text(errors="replace")[-2000:]
                entry = dataclasses.asdict(plan(args.seed, number)) | {"equal": False, "error": f"{type(error).__name__}: {error}"[:2000], "said": said}
        failed += not entry["equal"]
        args.log.parent.mkdir(parents=True, exist_ok=True)
        with args.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"seed": args.seed} | entry) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
