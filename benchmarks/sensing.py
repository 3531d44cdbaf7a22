"""What all sensors of this computer cost: processor time and wake-ups, while work runs with nobody there, and while nothing runs; on an X server of its own.

``python benchmarks/sensing.py [SECONDS]``. The agent's whole budget is 5 s of processor time an hour and 2 wake-ups a second.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.desktop import session_bus, x_server
from t4t.host.clock import RealClock
from t4t.host.sensing.here import sensors
from t4t.host.sensing.sensing import Sensing


def _switches() -> int:
    """How often a thread of ours gave the processor back, and so was woken."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        for line in (task / "status").read_text(encoding="ascii").splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


async def _measure(sensing: Sensing, seconds: float, *, runs: bool) -> str:
    sensing.work(runs=runs)
    await asyncio.sleep(3.0)
    cpu, woken, begin = time.process_time(), _switches(), time.monotonic()
    await asyncio.sleep(seconds)
    elapsed = time.monotonic() - begin
    what = "work runs" if runs else "nothing runs"
    return f"{what}: {3600 * (time.process_time() - cpu) / elapsed:.2f} s of processor time an hour, {(_switches() - woken) / elapsed:.2f} wake-ups a second"


async def main() -> None:
    """Print both."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with x_server() as display, session_bus(folder) as bus:
            os.environ["DISPLAY"], os.environ["DBUS_SESSION_BUS_ADDRESS"] = display, bus
            os.environ.pop("WAYLAND_DISPLAY", None)
            clock = RealClock()
            async with Sensing(sensors(folder, clock), clock, away_after_s=1.0).opened() as sensing:
                for runs in (True, False):
                    print(await _measure(sensing, seconds, runs=runs), flush=True)
                print(sensing.readings)


if __name__ == "__main__":
    asyncio.run(main())
