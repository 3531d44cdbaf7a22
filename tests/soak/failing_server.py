"""One task on real QEMU from a project whose server fails once at each kind of request; the waits between are the real ones: it takes a quarter of an hour.

``python tests/soak/failing_server.py`` writes a line into the log: which request failed how, how long it was before the next of its kind, and what the server
knows at the end: one task is valid and has its credit. `tests/engine/test_projects.py` has every failure at every request, without QEMU.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in ("app", "tests")]

from aiohttp import web  # noqa: E402 - the paths above come first

from support.command_line import end, environment, processes_of  # noqa: E402
from support.demo_faults import FAULTS  # noqa: E402
from t4t.demo.project import DemoProject  # noqa: E402
from t4t.demo.project.settings import PATH, SCHEDULER, UPLOAD, Settings  # noqa: E402

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

_RUNSPEC: Final = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 100 {seed}"
_PASSWORD: Final = "correct horse battery"  # noqa: S105 - of an account that lives as long as this run
_PASSPHRASE: Final = "opens the file"  # noqa: S105 - as above
_SECONDS: Final = 3600.0
_KINDS: Final = {
    "page": ("down", 60.0),
    "scheduler: work": ("deaf", 60.0),
    "scheduler: report": ("deaf", 60.0),
    "download .xml": ("500", 120.0),
    "download .gz": ("drop mid-body", 120.0),
    "download .input": ("drop", 120.0),
    "upload": ("deaf", 120.0),
}
"""How each kind of request fails, and the least seconds from that to the next of its kind."""


@dataclass
class Failing:
    """Stands before the project's pages; fails the first request of each kind."""

    armed: bool = False
    failed: dict[str, float] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)

    @property
    def middleware(self) -> Middleware:
        """For `DemoProject`."""

        @web.middleware
        async def stand(request: web.Request, handler: Handler) -> web.StreamResponse:
            kind = await _kind(request)
            if not self.armed or kind not in _KINDS:
                return await handler(request)
            if kind not in self.failed:
                self.failed[kind] = time.monotonic()
                return await FAULTS[_KINDS[kind][0]](request, handler)
            self.waited.setdefault(kind, time.monotonic() - self.failed[kind])
            return await handler(request)

        return stand


async def _kind(request: web.Request) -> str:
    if request.path == SCHEDULER:
        return "scheduler: report" if b"<result>" in await request.read() else "scheduler: work"
    if request.path == UPLOAD:
        return "upload"
    return "page" if request.path == PATH else f"download {Path(request.path).suffix}"


async def _say(data: Path, *words: str, given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "t4t", "--data-dir", str(data), *words]
    return await asyncio.to_thread(subprocess.run, command, input=given, capture_output=True, text=True, env=environment(), timeout=_SECONDS, check=False)


async def play(folder: Path, appliance: Path) -> dict[str, Any]:
    """The whole way; what there was to see."""
    data, failing, begun = folder / "data", Failing(), time.monotonic()
    settings = Settings(runspecs=(_RUNSPEC,), jobs=1)
    async with DemoProject(folder / "server", appliance, settings=settings, around=(failing.middleware,)) as project:
        try:
            new = ("--create", "--email", "v@example.org", "--name", "V", "--invite", settings.invite_code, "--accept-terms")
            kept = ("--keep", "file", "--password-stdin", "--passphrase-stdin")
            attached = await _say(data, "attach", project.address, *new, *kept, given=f"{_PASSWORD}\n{_PASSPHRASE}\n")
            failing.armed = True
            ran = await _say(data, "run", "--once", "--hypervisor", "qemu", "--cores", "1", "--passphrase-stdin", given=f"{_PASSPHRASE}\n")
            await project.settled()
        finally:
            end(processes_of(data))
        return {
            "statuses": [attached.returncode, ran.returncode],
            "said": (attached.stderr + ran.stderr)[-2000:],
            "failed": {kind: how for kind, (how, _) in _KINDS.items() if kind in failing.failed},
            "waited_s": {kind: round(seconds, 1) for kind, seconds in failing.waited.items()},
            "early_s": max(line.early for line in project.log),
            "complaints": project.complaints,
            "tasks": [{"state": one.state, "reports": one.reports, "credit": one.credit} for one in project.book.tasks.values()],
            "seconds": round(time.monotonic() - begun, 1),
        }


def good(entry: dict[str, Any]) -> bool:
    """Whether nothing was lost, counted twice or asked for too early.

    A report whose answer was lost is made again: the server hears of it twice. A computer whose very first answer was lost does not know its number: the server
    gives up what that answer brought, and sends the job again.
    """
    done = [task for task in entry["tasks"] if task["state"] != "abandoned"]
    patient = all(entry["waited_s"].get(kind, 0.0) >= least for kind, (_, least) in _KINDS.items())
    once = [(task["state"], task["reports"]) for task in done] == [("valid", 2)] and done[0]["credit"] > 0
    return bool(patient and once and entry["statuses"] == [0, 0] and entry["early_s"] == 0 and not entry["complaints"])


def main() -> int:
    """One pass; 1 if it was not good."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--log", type=Path, default=ROOT / "docs" / "evidence" / "failing-server.jsonl")
    args = arguments.parse_args()
    appliance = Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance")
    named = subprocess.run(("git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+"), capture_output=True, text=True, check=False)
    with tempfile.TemporaryDirectory(prefix="t4t-soak-") as folder:
        entry = {"commit": named.stdout.strip()} | asyncio.run(play(Path(folder), appliance))
    entry["good"] = good(entry)
    args.log.parent.mkdir(parents=True, exist_ok=True)
    with args.log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    print(json.dumps(entry, indent=2))
    return 0 if entry["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
