"""One Qt application without a screen for all tests here, of the kind that has widgets: Qt allows one kind a process."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@pytest.fixture(autouse=True)
def _application(qapp: QApplication) -> None:
    qapp.setQuitOnLastWindowClosed(False)
