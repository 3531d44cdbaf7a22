"""Measure the community page on an export of a million users: from the click to the map, the longest frame of the window meanwhile, memory.

The window and the agent are processes of their own, as in the product: the real page on the local API's real server, behind which the real reader sums up
a file. What is left out is the download. ``make bench-community`` writes ``docs/benchmarks-community.json`` and ``docs/benchmarks-community.md``. The number of
users may be given.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import exports
from support.scripted_engine import ScriptedEngine, a_view
from support.scripted_projects import ScriptedProjects, a_project
from t4t.api.endpoint import endpoint
from t4t.domain.community import CommunityView
from t4t.engine.server import ApiServer
from t4t.project.community import Volunteer, counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

ROOT: Final = Path(__file__).resolve().parents[1]
USERS: Final = exports.USERS
ROUNDS: Final = 3
_TICK_MS: Final = 10
_AFTER_S: Final = 0.5
_MOST_S: Final = 120.0


def status(name: str) -> float:
    """Of this process, in MiB (Linux): ``VmRSS`` now, ``VmHWM`` at most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


class _Exported(ScriptedProjects):
    """Whose statistics are here already."""

    def __init__(self, export: Path) -> None:
        super().__init__()
        self._export = export

    async def community(self, address: str, *, fetch: bool, agreed: bool) -> CommunityView:
        del address, agreed
        if not fetch:
            return CommunityView()
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, counted, self._export, exports.NOW, Volunteer(USERS - 1, ""), lambda: False)
        return CommunityView(community=found, fresh=True)


async def agent(folder: Path) -> None:
    """The agent's side, until standard input ends."""
    server = ApiServer(ScriptedEngine(a_view(projects=(a_project(),))), folder, projects=_Exported(folder / "user.gz"))
    await server.start()
    before = status("VmRSS")
    print("ready", flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    await ended.wait()
    print(json.dumps({"agent grew MiB": round(status("VmHWM") - before, 1)}), flush=True)
    await server.close()


def window(folder: Path) -> None:
    """The window's side: open the page, click, wait for the map."""
    from PySide6 import QtWidgets  # noqa: PLC0415 - as above
    from PySide6.QtCore import QTimer  # noqa: PLC0415 - the agent's side has no Qt

    from support.widgets import button, buttons  # noqa: PLC0415 - as above
    from support.window_rig import ScriptedServices  # noqa: PLC0415 - as above
    from t4t.gui.link import AgentLink  # noqa: PLC0415 - as above
    from t4t.gui.session import Session  # noqa: PLC0415 - as above
    from t4t.gui.theme.style import Theme  # noqa: PLC0415 - as above
    from t4t.gui.window.community import CommunityPage  # noqa: PLC0415 - as above
    from t4t.gui.window.main import Window  # noqa: PLC0415 - as above

    app = QtWidgets.QApplication(["t4t", "-platform", "offscreen"])
    session = Session(AgentLink(endpoint(folder)))
    shown = Window(session, Theme(app), ScriptedServices())
    shown.show()
    session.open()
    until(app, lambda: session.view is not None)
    ticks: list[float] = []
    timer = QTimer()

    def tick() -> None:
        ticks.append(time.perf_counter())
        shown.nav.update()

    timer.timeout.connect(tick)
    before = status("VmRSS")
    timer.start(_TICK_MS)
    until(app, lambda: len(ticks) > 10)  # noqa: PLR2004 - it has begun
    shown.show_page("community")
    page = shown.page("community")
    if not isinstance(page, CommunityPage):
        raise SystemExit("no such page")
    until(app, lambda: "Ask the project now" in buttons(page))
    begun = time.perf_counter()
    button(page, "Ask the project now").click()
    until(app, lambda: page.map_card.isVisible() and page.map_card.map.width() > 0)
    seconds = time.perf_counter() - begun
    until(app, lambda: time.perf_counter() > begun + seconds + _AFTER_S)
    timer.stop()
    longest = max(later - sooner for sooner, later in itertools.pairwise(ticks))
    session.close()
    grew = status("VmHWM") - before
    print(json.dumps({"seconds": round(seconds, 2), "longest frame ms": round(1000 * longest, 1), "frames": len(ticks), "window grew MiB": round(grew, 1)}))


def until(app: QApplication, done: Callable[[], bool]) -> None:
    """Let Qt work until something is so."""
    end = time.perf_counter() + _MOST_S
    while not done():
        app.processEvents()
        time.sleep(0.001)
        if time.perf_counter() > end:
            raise SystemExit("it never came")


def once(folder: Path) -> dict[str, float]:
    """One round, with new processes."""
    words = [sys.executable, __file__, str(USERS)]
    with subprocess.Popen([*words, "agent", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        if other.stdin is None or other.stdout is None or other.stdout.readline() != "ready\n":
            raise SystemExit("the agent's side did not start")
        seen: dict[str, float] = json.loads(subprocess.run([*words, "window", str(folder)], check=True, capture_output=True, text=True).stdout)
        other.stdin.close()
        seen.update(json.loads(other.stdout.readline()))
        return seen


def main() -> None:
    """Measure, write, print."""
    if len(sys.argv) > 3:  # noqa: PLR2004 - a side
        folder = Path(sys.argv[3])
        asyncio.run(agent(folder)) if sys.argv[2] == "agent" else window(folder)
        return
    with tempfile.TemporaryDirectory(prefix="t4t-bench-", dir=ROOT / "build") as name:
        exports.make(Path(name, "user.gz"))
        rounds = [once(Path(name)) for _ in range(ROUNDS)]
    report: dict[str, Any] = {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()},
        "users": USERS,
        "rounds": rounds,
        "seconds from click to map, median": statistics.median(one["seconds"] for one in rounds),
        "longest frame ms, worst": max(one["longest frame ms"] for one in rounds),
        "memory grew MiB, both processes, worst": round(max(one["window grew MiB"] + one["agent grew MiB"] for one in rounds), 1),
    }
    page = [
        "# Benchmark of the community page",
        "",
        "Written by `benchmarks/community.py`; the same as JSON in `benchmarks-community.json`. The page on the real local API, whose server sums up a",
        "`user.gz` in a process of its own; the download is left out. A timer of 10 ms runs in the window and has a part of it painted: the longest time",
        "between two of its ticks is the longest frame.",
        "",
        "| | measured | wanted |",
        "|---|---|---|",
        f"| users | {USERS} | 1,000,000 |",
        f"| from the click to the map (median of {ROUNDS}) | {report['seconds from click to map, median']} s | 5 s |",
        f"| longest frame of the window (worst) | {report['longest frame ms, worst']} ms | 100 ms |",
        f"| memory more than before, window and agent together (worst) | {report['memory grew MiB, both processes, worst']} MiB | 60 MiB |",
        "",
    ]
    (ROOT / "docs" / "benchmarks-community.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (ROOT / "docs" / "benchmarks-community.md").write_text("\n".join(page), encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
