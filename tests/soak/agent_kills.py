"""Real kills of the agent's processes on real VMs, many for each task, at random moments; each result is compared with the native one to the last bit.

``python tests/soak/agent_kills.py --kills 100`` plays rounds until the log has so many kills and goes on where an earlier run stopped. A round is a function of
seed and number: runspec, and when which processes are killed. With ``--hypervisor virtualbox`` it belongs into the laboratory.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("app", "tests", "packaging/appliance", "resources/appliance/guest")]

import psutil  # noqa: E402 - the paths above come first

from support.kills import KillShell, killable  # noqa: E402
from support.task_shell import PROCESSES  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK: Final = "task"
_SLACK_S: Final = 10.0
"""The guest's signs of life come each second, and where the blow before took the agent it ran on until there was another one."""
_BLOWS: Final = {
    "qemu": (("agent",), ("agent",), ("host",), ("machine",), ("agent", "host"), ("agent", "host", "machine")),
    "virtualbox": (
        ("agent",),
        ("host",),
        ("machine",),
        ("service",),
        ("service", "machine"),
        ("agent", "host", "worker"),
        ("agent", "host", "worker", "machine", "service"),
    ),
}
_ENOUGH: Final = 3
"""Rounds that fail one after the other say all that they have to say."""
_ROUNDS: Final = {"qemu": (10, 0.4), "virtualbox": (24, 0.0012)}
"""Blows of a round, and the size of its job: in the laboratory the generator's own beginning takes minutes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Blow:
    """Who is killed ``wait_s`` after the task went on, or (``amid``) after the blow before."""

    wait_s: float
    amid: bool
    roles: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Round:
    """What happens in one round."""

    number: int
    runspec: str
    checkpoint_s: float
    blows: tuple[Blow, ...]


def plan(seed: int, number: int, *, hypervisor: str = "qemu", blows: int = 10, size: float = 1.0, rest_s: float = 3.0) -> Round:
    """The round's plan, the same for the same words.

    ``size``: of the job, 1 is what computes for about a minute without hardware virtualization. ``rest_s``: the longest time until the next blow.
    """
    chance = random.Random(f"{seed}/{number}/{hypervisor}")  # noqa: S311 - repeatable is what is wanted
    template, events = chance.choice(PROCESSES) if hypervisor == "qemu" else PROCESSES[0]
    runspec = template.format(events=max(1, round(events * 6 * size)), seed=chance.randint(1, 30_000))
    struck = tuple(
        Blow(round(chance.uniform(0.0, rest_s), 2), number > 0 and chance.random() < 0.35, chance.choice(_BLOWS[hypervisor])) for number in range(blows)
    )
    return Round(number, runspec, 8.0 if hypervisor == "qemu" else 20.0, struck)


def play(turn: Round, folder: Path, appliance: Path, *, hypervisor: str = "qemu", memory: str = "512", patience_s: float = 1500) -> dict[str, Any]:
    """Play one round; raises AssertionError when something is lost."""
    begun = time.monotonic()
    with killable(folder, appliance, hypervisor=hypervisor, checkpoint_s=turn.checkpoint_s) as shell:
        shell.add_waiting_task(TASK, turn.runspec, memory_size_mb=memory)
        shell.launch()
        struck = []
        for blow in _blows(shell, turn):
            print(json.dumps(blow), flush=True)
            struck.append(blow)
        shell.until_ended(patience_s)
        finished = shell.answer().finished
        left = shell.quit()
        took_s = shell.checkpoints_s()
        (path,) = shell.data.glob(f"*/{TASK}/.t4t/task.json")
        record = json.loads(path.read_bytes())
        assert record["outcome"] == "done", record
        equal = shell.result(TASK) == shell.native(TASK)
    longest_s = max(took_s, default=0.0)
    bound = turn.checkpoint_s + longest_s + _SLACK_S
    return {
        "number": turn.number,
        "runspec": turn.runspec,
        "checkpoint_s": turn.checkpoint_s,
        "struck": struck,
        "kills": len(struck),
        "equal": equal,
        "finished": finished,
        "within_bound": all(blow["lost_s"] is None or blow["lost_s"] <= bound for blow in struck),
        "restarts": record["restarts"],
        "checkpoints": record["checkpoints"],
        "longest_checkpoint_s": round(longest_s, 2),
        "worst_lost_s": max((blow["lost_s"] for blow in struck if blow["lost_s"] is not None), default=None),
        "lost_s": round(record["lost_s"], 1),
        "elapsed_s": round(record["elapsed_s"], 1),
        "leftover_processes": left,
        "seconds": round(time.monotonic() - begun, 1),
    }


def _blows(shell: KillShell, turn: Round) -> Iterator[dict[str, Any]]:
    """Deal them, as long as there is a task; of each: who was killed, when, how long until it went on, what the guest had lost."""
    recovery = shell.goes_on(TASK, without=set(), struck_at=time.monotonic(), before=0.0)
    begun = time.monotonic()
    without: set[int] = set()
    before = 0.0
    for blow, following in zip(turn.blows, (*turn.blows[1:], None), strict=True):
        if recovery is None:
            return
        time.sleep(blow.wait_s)
        before = max(shell.beat(TASK)[0], before if blow.amid else 0.0)
        there = shell.roles()
        struck_at = time.monotonic()
        killed = shell.strike(blow.roles, there)
        if not killed:
            continue
        without = (without if blow.amid else set()) | {process.pid for role in killed for process in there[role]}
        if "agent" in killed:
            without |= {process.pid for process in there.get("host", ())}  # it saves, and ends
        entry = {"killed": killed, "at_s": round(struck_at - begun, 2), "amid": blow.amid, "recovered_s": None, "lost_s": None}
        if following is None or not following.amid:
            recovery = shell.goes_on(TASK, without=without, struck_at=struck_at, before=before)
            if recovery is not None:
                entry |= {"recovered_s": recovery.seconds, "lost_s": recovery.guest_lost_s}
        yield entry


def good(entry: dict[str, Any]) -> bool:
    """Whether nothing was lost in the round."""
    return bool(entry["equal"] and entry["finished"] == 1 and entry["within_bound"] and entry["leftover_processes"] == 0)


def commit() -> str:
    """Which commit this is, with a plus if files were changed since."""
    named = subprocess.run(("git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+"), capture_output=True, text=True, check=False)
    return named.stdout.strip()


def main() -> int:
    """Play rounds until there were so many kills; 1 if one of them failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=100)
    arguments.add_argument("--hypervisor", choices=sorted(_BLOWS), default="qemu")
    arguments.add_argument("--only", type=int, help="one round, whether it was played before or not")
    arguments.add_argument("--seed", type=int, default=20261122)
    arguments.add_argument("--blows", type=int, help="of a round")
    arguments.add_argument("--size", type=float, help="of a round's job")
    arguments.add_argument("--commit", default="", help="which commit this is, where git can't tell")
    arguments.add_argument("--log", type=Path)
    args = arguments.parse_args()
    evidence = Path(os.environ["T4T_SCRATCH"]) if "T4T_LABORATORY" in os.environ else ROOT / "docs" / "evidence"
    log = args.log or evidence / f"agent-kills-{args.hypervisor}.jsonl"
    blows, size = _ROUNDS[args.hypervisor]
    appliance = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance")
    named = args.commit or commit()
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.is_file() else []
    entries = [entry for entry in entries if entry["seed"] == args.seed]
    kills, number, failed, in_a_row = sum(entry.get("kills", 0) for entry in entries), len(entries), 0, 0
    while (args.only is not None or kills < args.kills) and in_a_row < _ENOUGH:
        number = number + 1 if args.only is None else args.only
        turn = plan(args.seed, number, hypervisor=args.hypervisor, blows=args.blows or blows, size=args.size or size)
        with tempfile.TemporaryDirectory(prefix="t4t-soak-") as folder:
            try:
                entry = play(turn, Path(folder), appliance, hypervisor=args.hypervisor, memory="512" if args.hypervisor == "qemu" else "256")
            except (AssertionError, TimeoutError, psutil.Error, OSError, subprocess.SubprocessError) as error:
                said = {path.name: path.read_text(errors="replace")[-6000:] for path in Path(folder).glob("data/logs/*")}
                entry = dataclasses.asdict(turn) | {"failed": f"{type(error).__name__}: {error}"[:6000], "said": said}
        bad = "failed" in entry or not good(entry)
        failed, in_a_row = failed + bad, in_a_row + 1 if bad else 0
        kills += entry.get("kills", 0)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"commit": named, "seed": args.seed} | entry) + "\n")
        print(json.dumps(entry), f"{kills} kills, {failed} rounds failed", sep="\n", flush=True)
        if args.only is not None:
            break
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
