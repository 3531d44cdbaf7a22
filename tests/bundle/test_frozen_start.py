"""The tray's icon is there as soon after the start of a bundle as after a start from sources."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from support.bundles import BUNDLES, MADE
from support.desktop import Panel, a_process, session_bus, x_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(900)]

ROUNDS: Final = 15
AT_MOST: Final = 1.05
SOURCE: Final = (str(MADE / "app/bin/python"), "-m", "t4t")
"""The very Python and libraries of which the bundles are made, with the program installed from the sources."""


async def ready(panel: Panel, *command: str, environment: dict[str, str]) -> float:
    """Seconds from the command to the icon in the panel."""
    begun = time.monotonic()
    async with a_process(*command, "run", "--tray", "--hypervisor", "fake", environment=environment, stderr=asyncio.subprocess.DEVNULL):
        await panel.until(lambda _: True)
        found = time.monotonic() - begun
    while await panel.items():  # noqa: ASYNC110 - each look asks the bus
        await asyncio.sleep(0.1)
    return found


async def test_the_tray_is_ready_as_soon_as_from_sources(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    programs = {"source": SOURCE} | {kind: (str(bundle / "t4t"),) for kind, bundle in sorted(BUNDLES.items())}
    found: dict[str, list[float]] = {kind: [] for kind in programs}
    async with x_server() as display, session_bus(tmp_path) as bus, Panel.at_work(bus) as panel:
        environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": bus}
        for number in range(ROUNDS + 1):
            for kind, program in programs.items():  # one after the other, so that what else the computer does is the same for all
                data = tmp_path / kind
                took = await ready(panel, *program, "--data-dir", str(data), environment=environment)
                if number:  # the first one is cold
                    found[kind].append(took)
    medians = {kind: statistics.median(times) for kind, times in found.items()}
    record_property("tray ready, s", {kind: round(value, 3) for kind, value in medians.items()})
    ratios = {kind: round(medians[kind] / medians["source"], 3) for kind in BUNDLES}
    record_property("of the start from sources", ratios)
    sys.stderr.write(f"\n[start] {medians}, of that from sources: {ratios}\n")
    assert max(ratios.values()) <= AT_MOST
