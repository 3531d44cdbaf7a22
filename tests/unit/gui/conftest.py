"""One Qt application without a screen for all tests here, of the kind that has widgets: Qt allows one kind a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.api_thread import ApiThread, an_agent
from t4t.gui.link import AgentLink
from t4t.gui.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """No variable of the environment: other tests' processes would inherit it."""
    return ["t4t", "-platform", "offscreen"]


@pytest.fixture(autouse=True)
def _application(qapp: QApplication) -> None:
    qapp.setQuitOnLastWindowClosed(False)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ApiThread]:
    with an_agent(tmp_path) as found:
        yield found


@pytest.fixture
def session(agent: ApiThread) -> Iterator[Session]:
    made = Session(AgentLink(agent.path))
    try:
        yield made
    finally:
        made.close()
