"""The demo project as a process of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from t4t.bootstrap.signals import stop_on_signals
from t4t.storage import paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def serve(data: Path, tell: Callable[[str, str], None]) -> None:
    """See `Services.serve_demo_project`."""
    asyncio.run(_serve(data, tell))


async def _serve(data: Path, tell: Callable[[str, str], None]) -> None:
    from t4t.demo.project import DemoProject  # noqa: PLC0415 - an HTTP server that no other verb needs

    stop = asyncio.Event()
    async with DemoProject(data / "demo-project", paths.appliance_dir(data)) as project:
        with stop_on_signals(stop.set):
            tell(project.address, project.settings.invite_code)
            await stop.wait()
