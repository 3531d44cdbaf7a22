"""A histogram that can be read: by mouse, by keyboard, as a table, as a picture that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QTableWidget, QTableWidgetItem

from support.scripted_physics import a_job, plots
from support.widgets import button, buttons, click, nameless, texts
from support.window_rig import ScriptedServices
from t4t.domain.errors import FolderUnwritable
from t4t.gui.components.collision_view import CollisionView
from t4t.gui.components.histogram_view import HistogramView
from t4t.gui.components.plot_panel import PlotChoice, PlotPanel
from t4t.gui.gallery import Gallery, Thumb
from t4t.gui.theme.style import Theme
from t4t.gui.theme.tokens import DARK, LIGHT
from t4t.wording import physics as words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

SPEC = a_job().job.spec


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    yield Theme(qapp, choose=lambda _: LIGHT)
    qapp.setStyleSheet("")


@pytest.fixture
def services(tmp_path: Path) -> ScriptedServices:
    made = ScriptedServices()
    made.data = tmp_path
    return made


@pytest.fixture
def gallery(services: ScriptedServices) -> Gallery:
    return Gallery(services)


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> HistogramView:
    made = HistogramView(theme)
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.fill(words.shown(plots("jets")[0], SPEC))
    made.show()
    QApplication.processEvents()
    made.clearFocus()  # it is alone in its window
    made.grab()
    return made


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme, gallery: Gallery) -> PlotPanel:
    made = PlotPanel(theme, gallery)
    qtbot.addWidget(made)
    made.resize(560, 420)
    made.fill(plots("jets")[0], SPEC)
    made.show()
    return made


def _move(view: HistogramView, x: float) -> None:
    at = QPointF(x, view.height() / 2)
    event = QMouseEvent(QEvent.Type.MouseMove, at, view.mapToGlobal(at), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view, event)


def _has(image: QImage, color: str) -> bool:
    wanted = QColor(color).rgb()
    return any(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


def _texts(items: Iterable[QTableWidgetItem | None]) -> list[str]:
    return ["" if item is None else item.text() for item in items]


def test_the_bin_below_the_pointer_is_read(view: HistogramView) -> None:
    read: list[int] = []
    view.pointed.connect(read.append)
    _move(view, 2)
    assert read == [], "beside the axes there is none"
    _move(view, view.width() / 2)
    middle = read[-1]
    assert 15 < middle < 35
    _move(view, view.width() / 2 + 1)
    assert len(read) == 1, "the same bin is not told again"
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert read == [middle, -1]


def test_its_letters_grow_with_all_others_and_bins_are_found_all_the_same(qtbot: QtBot, view: HistogramView, qapp: QApplication) -> None:
    usual, larger = qapp.font(), QFont(qapp.font())
    larger.setPointSizeF(2 * usual.pointSizeF())
    qapp.setFont(larger)
    try:
        theme = Theme(qapp)
    finally:
        qapp.setFont(usual)
    large = HistogramView(theme)
    qtbot.addWidget(large)
    large.resize(round(theme.larger * view.width()), round(theme.larger * view.height()))
    large.fill(view.shown)
    same = large.grab().toImage().scaled(view.size()).convertToFormat(QImage.Format.Format_Grayscale8)
    assert _unlike(same, view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)) < 0.02, "it is the same picture, larger"
    for share in (0.3, 0.5, 0.9):
        _move(view, share * view.width())
        _move(large, share * large.width())
        assert large.place == view.place > 0


def _unlike(one: QImage, other: QImage) -> float:
    """The share of points that are quite another grey."""
    places = [(x, y) for x in range(one.width()) for y in range(one.height())]
    return sum(abs(one.pixelColor(*at).lightness() - other.pixelColor(*at).lightness()) > 96 for at in places) / len(places)


def test_the_keyboard_reads_from_bin_to_bin(view: HistogramView) -> None:
    last = view.shown.histogram.bin_count - 1 if view.shown else 0
    for key, place in (
        (Qt.Key.Key_Right, 0),
        (Qt.Key.Key_Left, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_End, last),
        (Qt.Key.Key_Right, last),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Escape, -1),
        (Qt.Key.Key_Left, last),
        (Qt.Key.Key_A, last),
    ):
        QTest.keyClick(view, key)
        assert view.place == place
    view.fill(view.shown)
    assert view.place == last, "it stays the one that is read while the histogram fills"
    view.fill(words.shown(msgspec.structs.replace(plots("jets")[0], edges=(0.0, 1.0), heights=(1.0,), errors=(0.0,)), SPEC))
    assert view.place == -1
    view.fill(None)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.place == -1
    assert view.accessibleName() == ""


def test_who_reads_by_keyboard_is_not_disturbed_by_the_mouse_and_has_a_ring(qtbot: QtBot, view: HistogramView) -> None:
    view.activateWindow()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_Home)
    before = view.grab().toImage()
    assert before.pixelColor(view.width() // 2, 1) == QColor(LIGHT.accent)
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert view.place == 0
    view.clearFocus()
    assert view.place == -1


def test_it_is_heard(view: HistogramView) -> None:
    assert view.accessibleName().startswith("Histogram: Jets: push sideways, 50 bins, highest at 20 to 24 GeV: ")
    assert "arrow keys" in view.accessibleDescription()
    assert "Transverse momentum of jets" in view.toolTip()
    view.fill(words.shown(msgspec.structs.replace(plots("jets")[0], title="<img src='file:///x'>"), None))
    assert "<img" not in view.toolTip()


def test_a_logarithmic_axis_draws_something_else(view: HistogramView) -> None:
    before = view.grab().toImage()
    view.be_logarithmic(on=True)
    assert view.log
    assert view.grab().toImage() != before
    view.fill(None)
    assert not _has(view.grab().toImage(), LIGHT.accent)


def test_the_panel_says_what_is_read(panel: PlotPanel) -> None:
    assert "Jets: push sideways" in texts(panel)
    assert "60,000 entries, mean 28.5\N{NO-BREAK SPACE}GeV" in texts(panel)
    panel.view.point(0)
    assert any(text.startswith("20 to 24 GeV: 0.0951 ±") for text in texts(panel))
    panel.findChildren(QCheckBox)[0].click()
    assert panel.view.log
    assert nameless(panel) == []
    panel.fill(None, None)
    assert texts(panel) == []
    assert not button(panel, "Keep the picture").isEnabled()


def test_the_same_as_a_table(panel: PlotPanel) -> None:
    (table,) = panel.findChildren(QTableWidget)
    assert table.isHidden()
    assert table.rowCount() == 0, "nothing is filled that nobody looks at"
    click(panel, "Show as table")
    assert _texts(table.horizontalHeaderItem(column) for column in range(4)) == ["from", "to", "value", "uncertainty"]
    assert _texts(table.item(0, column) for column in range(4)) == ["20", "24", "0.0951", "0.00109"]
    assert table.rowCount() == 50
    assert table.accessibleName() == "Jets: push sideways"
    panel.fill(plots("jets")[2], SPEC)
    assert table.rowCount() == 10
    click(panel, "Hide the table")
    assert table.isHidden()
    panel.fill(None, None)


def test_a_picture_is_kept_told_seen_and_removed(qtbot: QtBot, panel: PlotPanel, gallery: Gallery, services: ScriptedServices, tmp_path: Path) -> None:
    shown: list[list[Thumb]] = []
    gallery.shown.connect(shown.append)
    click(panel, "Keep the picture")
    qtbot.waitUntil(lambda: "It is in your gallery now." in texts(panel))
    (thumb,) = shown[-1]
    assert thumb.title == "Jets: push sideways"
    assert thumb.picture.path.startswith(str(tmp_path))
    assert 0 < thumb.image.width() <= 480
    whole = QImage(thumb.picture.path)
    assert whole.width() > 1000
    assert whole.text("Description") == "proton–proton collisions at 13\N{NO-BREAK SPACE}TeV · jets · Pythia 8.317"
    gallery.look()
    gallery.remove(thumb.picture.name)
    qtbot.waitUntil(lambda: shown[-1] == [])
    assert services.asked == ["keep Jets: push sideways", "remove picture"]


def test_what_can_not_be_kept_is_said(qtbot: QtBot, panel: PlotPanel, services: ScriptedServices) -> None:
    services.refuse_with = FolderUnwritable(path="/data/gallery", reason="no space")
    click(panel, "Keep the picture")
    qtbot.waitUntil(lambda: any("/data/gallery" in text for text in texts(panel)))


def test_a_picture_without_words_of_its_own_has_its_file_s_name(qtbot: QtBot, gallery: Gallery, services: ScriptedServices) -> None:
    services.keep_picture("", b"no picture at all")
    shown: list[list[Thumb]] = []
    gallery.shown.connect(shown.append)
    gallery.look()
    qtbot.waitUntil(lambda: bool(shown))
    (thumb,) = shown[0]
    assert thumb.title == thumb.picture.name
    assert thumb.image.isNull()


def test_of_several_histograms_one_is_chosen_and_stays_so(qtbot: QtBot, theme: Theme, gallery: Gallery) -> None:
    choice = PlotChoice(theme, gallery)
    qtbot.addWidget(choice)
    choice.show()
    (box,) = choice.findChildren(QComboBox)
    choice.fill((), None)
    assert not box.isVisible()
    choice.fill(plots("jets")[:1], SPEC)
    assert not box.isVisible()
    assert "Jets: push sideways" in texts(choice)
    choice.fill(plots("jets"), SPEC)
    assert box.isVisible()
    assert box.count() == 8
    assert "Jets: push sideways" not in texts(choice), "the choice says it"
    box.setCurrentIndex(2)
    assert choice.panel.view.shown is not None
    assert choice.panel.view.shown.title == "Number of jets"
    choice.fill(plots("jets"), SPEC)
    assert box.currentIndex() == 2
    choice.fill((msgspec.structs.replace(plots("jets")[0], errors=()), *plots("jets")[1:3]), SPEC)
    assert [box.itemText(number) for number in range(3)] == ["jet_pt", "Jets: direction", "Number of jets"]
    assert box.currentIndex() == 2
    assert "Keep the picture" in buttons(choice)


@pytest.mark.parametrize(("kind", "colors"), [("jets", ("accent", "good")), ("z", ("attention",)), ("soft", ("accent", "good")), ("ee", ("accent", "good"))])
def test_a_collision_is_drawn_in_the_colours_of_its_kind(qtbot: QtBot, theme: Theme, kind: str, colors: tuple[str, ...]) -> None:
    view = CollisionView(theme)
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.show()
    blank = view.grab().toImage()
    assert not _has(blank, LIGHT.text)
    view.fill(a_job(kind).collision)
    image = view.grab().toImage()
    assert _has(image, LIGHT.line)
    assert image.pixelColor(200, 200) == QColor(LIGHT.text), "they come from one point"
    for role in colors:
        assert _has(image, getattr(LIGHT, role))
    assert ("attention" in colors) == _has(image, LIGHT.attention)
    assert view.accessibleName()
    view.fill(a_job(kind).collision)
    assert view.grab().toImage() == image
    view.fill(None)
    assert view.accessibleName() == ""
    assert view.grab().toImage() == blank


def test_a_kept_picture_has_the_colours_that_are_seen(qtbot: QtBot, qapp: QApplication, gallery: Gallery) -> None:
    panel = PlotPanel(Theme(qapp, choose=lambda _: DARK), gallery)
    qtbot.addWidget(panel)
    panel.fill(plots("ee")[0], a_job("ee").job.spec)
    panel.show()
    shown: list[list[Thumb]] = []
    gallery.shown.connect(shown.append)
    click(panel, "Keep the picture")
    qtbot.waitUntil(lambda: bool(shown))
    assert shown[0][0].image.pixelColor(QPoint(1, 1)) == QColor(DARK.window)
    qapp.setStyleSheet("")
