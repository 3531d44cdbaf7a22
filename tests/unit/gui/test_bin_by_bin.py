"""Histograms in the app are the guest's file, bin by bin: a real result, through the store of results and the local API, to the table on the page Science."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtWidgets import QComboBox, QTableWidget

from support.agent_in_process import InProcess
from support.widgets import buttons, click
from support.window_rig import ScriptedServices
from t4t.domain.progress import Outcome
from t4t.engine.record import FOLDER, TaskRecord
from t4t.engine.results import Results
from t4t.guest.yoda import read_result
from t4t.gui.components.plot_panel import PlotChoice
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window
from t4t.gui.window.science import Science
from t4t.wording.numbers import figure

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.domain.physics import ResultDetails
    from t4t.gui.session import Session

ARCHIVE = Path(__file__).resolve().parents[2] / "fixtures" / "results" / "ee.tgz"


async def kept(folder: Path) -> ResultDetails:
    """What the agent keeps of the result when its task is handed back."""
    rig = InProcess(folder)
    task = folder / "tasks" / "one"
    (task / "shared").mkdir(parents=True)
    (task / FOLDER).mkdir()
    (task / FOLDER / "task.json").write_bytes(msgspec.json.encode(TaskRecord(vm_id="one", data_dir=str(folder))))
    (task / "shared" / "output.tgz").write_bytes(ARCHIVE.read_bytes())
    store = Results(folder, rig.source, rig.clock)
    store.retire(task, Outcome.DONE)
    while store._reading:
        await asyncio.gather(*store._reading)
    return await store.result("one")


def shown_in(table: QTableWidget) -> list[list[str]]:
    """All its cells."""
    cells = [[table.item(row, column) for column in range(table.columnCount())] for row in range(table.rowCount())]
    return [["" if cell is None else cell.text() for cell in row] for row in cells]


def test_all_bins_of_all_histograms(qtbot: QtBot, session: Session, qapp: QApplication, agent: ApiThread, tmp_path: Path) -> None:
    archive = read_result(ARCHIVE)
    details = asyncio.run(kept(tmp_path / "store"))
    assert len(archive.histograms) == len(details.plots) == 9
    for histogram, plot in zip(archive.histograms, details.plots, strict=True):
        assert (plot.edges, plot.heights, plot.errors) == (histogram.edges, histogram.heights, histogram.errors)

    agent.physics.kept = [details]
    services = ScriptedServices()
    services.data = tmp_path
    window = Window(session, Theme(qapp), services)
    qtbot.addWidget(window)
    window.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    window.show_page("science")
    science = window.page("science")
    assert isinstance(science, Science)
    science.show_part("results")
    (choice,) = science._parts["results"].findChildren(PlotChoice)
    qtbot.waitUntil(lambda: choice.isVisible() and "Show as table" in buttons(choice))
    click(choice, "Show as table")
    (which,) = (one for one in choice.findChildren(QComboBox) if one.accessibleName() == "Which histogram")
    (table,) = choice.findChildren(QTableWidget)
    for number, histogram in enumerate(archive.histograms):
        which.setCurrentIndex(number)
        columns = (histogram.edges[:-1], histogram.edges[1:], histogram.heights, histogram.errors)
        assert shown_in(table) == [list(map(figure, row)) for row in zip(*columns, strict=True)]
        drawn = choice.panel.view.shown
        assert drawn is not None
        assert drawn.histogram.heights == pytest.approx(histogram.heights, rel=1e-14)
        assert drawn.histogram.errors == pytest.approx(histogram.errors, rel=1e-14)
    qapp.setStyleSheet("")
