"""The agent's own client against a small strict server: from attaching to acknowledged reports, whatever breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.volunteer import RESULT, volunteer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


async def test_everything_goes_well(tmp_path: Path) -> None:
    async with volunteer(tmp_path) as one:
        async with one.running() as (engine, projects):
            await one.until_reported(engine, 2)
            view = engine.view.projects[0]
            assert (view.name, view.user) == ("Small", "V")
        assert one.project.complaints == []
        assert one.project.reported[:2] == ["task_0", "task_1"]
        assert one.project.uploaded["task_0_out"] == RESULT
