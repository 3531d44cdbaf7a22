"""The plot and the contact sheet, without a screen: what is drawn where, and that nothing strange is too strange to draw."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from t4t.domain.errors import FolderUnwritable
from t4t.domain.histogram import Histogram
from t4t.gui.components.plot import Frame, Marks, PlotOptions, draw_plot, title_line_count
from t4t.gui.picture import MAX_PANELS, ensure_application, render_png
from t4t.gui.theme.tokens import DARK, LIGHT

if TYPE_CHECKING:
    from pathlib import Path


def histogram(*sumw: float, title: str = "Transverse momentum of charged particles, |η| < 2.5", log_y: bool = False) -> Histogram:
    return Histogram(
        path="/h",
        title=title,
        x_label="pT [GeV]",
        y_label="(1/N) dn/dpT [1/GeV]",
        edges=tuple(float(number) for number in range(len(sumw) + 1)),
        sumw=sumw,
        sumw2=tuple(abs(weight) for weight in sumw),
        sumwx=(0.0,) * len(sumw),
        sumwx2=(0.0,) * len(sumw),
        entries=(1.0,) * len(sumw),
        log_y=log_y,
    )


def drawn(shown: Histogram, *, width: int = 400, height: int = 300, options: PlotOptions | None = None) -> tuple[QImage, Frame]:
    ensure_application()
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(LIGHT.surface))
    painter = QPainter(image)
    frame = draw_plot(painter, QRectF(0, 0, width, height), shown, options=options)
    painter.end()
    return image, frame


def has_color(image: QImage, color: str) -> bool:
    wanted = QColor(color).rgb()
    return any(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


def test_steps_fill_and_grid() -> None:
    image, frame = drawn(histogram(1, 4, 9, 4, 1))
    assert has_color(image, LIGHT.accent_soft)
    assert has_color(image, LIGHT.line)
    assert not has_color(image, LIGHT.attention)
    assert (frame.x_low, frame.x_high, frame.y_low, frame.log_y) == (0, 5, 0, False)
    assert frame.y_high > 9
    assert 0 < frame.area.left() < frame.area.right() < 400
    assert 0 < frame.area.top() < frame.area.bottom() < 300


def test_frame_finds_bins() -> None:
    shown = histogram(1, 4, 9, 4, 1)
    _, frame = drawn(shown)
    assert [frame.bin_at(frame.x(centre), shown) for centre in shown.centres] == [0, 1, 2, 3, 4]
    assert frame.bin_at(frame.area.left(), shown) == 0
    assert frame.bin_at(frame.area.right(), shown) == 4
    assert frame.bin_at(frame.area.left() - 1, shown) is None
    assert frame.x(-100) == frame.area.left()


def test_points_draw_no_fill() -> None:
    image, _ = drawn(histogram(1, 4, 0, 4, 1), options=PlotOptions(marks=Marks.POINTS))
    assert not has_color(image, LIGHT.accent_soft)
    assert has_color(image, LIGHT.accent)


def test_a_reference_is_dashed_in_its_own_colour() -> None:
    options = PlotOptions(theme=DARK, reference=histogram(2, 20, 9, 4, 1), reference_label="reference", label="yours")
    image, frame = drawn(histogram(1, 4, 9, 4, 1), options=options)
    assert has_color(image, DARK.attention)
    assert frame.y_high > 20
    drawn(histogram(0, 0), options=options)
    image, _ = drawn(histogram(1, 2), options=dataclasses.replace(options, reference=histogram(0, 0)))


def test_logarithmic_axes() -> None:
    _, frame = drawn(histogram(1e-3, 1, 1000, 0, 5), options=PlotOptions(log_y=True))
    assert (frame.log_y, frame.y_low) == (True, 1e-3)
    assert frame.y(0) == frame.area.bottom()
    assert frame.y(frame.y_high) == pytest.approx(frame.area.top())
    _, frame = drawn(histogram(1e-30, 1, log_y=True))
    assert frame.y_high / frame.y_low < 1e7
    assert not drawn(histogram(-1, -2, log_y=True))[1].log_y
    assert not drawn(histogram(1, 2, log_y=True), options=PlotOptions(log_y=False))[1].log_y


def test_trimming() -> None:
    _, frame = drawn(histogram(0, 0, 0, 1, 2, 3, 0, 0, 0, 0), options=PlotOptions(trim=True))
    assert (frame.x_low, frame.x_high) == (2, 7)
    _, frame = drawn(histogram(0, 0, 0, 1, 0, 0, 0, 0), options=PlotOptions(trim=True))
    assert (frame.x_low, frame.x_high) == (0, 8)


def test_an_empty_histogram_says_so() -> None:
    image, _ = drawn(histogram(0, 0, 0, title=""), options=PlotOptions(empty_text="no entries"))
    assert not has_color(image, LIGHT.accent)
    assert image != drawn(histogram(0, 0, 0, title=""))[0]


def test_titles_are_wrapped_between_words_that_may_part() -> None:
    ensure_application()
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    assert title_line_count(painter, "short", width=300) == 1
    assert title_line_count(painter, "a rather long title that needs room " * 5, width=300) == 2
    assert title_line_count(painter, "|η| < 2.5", width=1) == 1
    painter.end()


@settings(deadline=None, max_examples=60)
@given(
    weights=st.lists(st.floats(-1e299, 1e299) | st.floats(0, 1e-300) | st.just(0.0), min_size=1, max_size=30),
    size=st.tuples(st.integers(1, 400), st.integers(1, 300)),
    log_y=st.booleans(),
    trim=st.booleans(),
    marks=st.sampled_from(Marks),
)
def test_anything_can_be_drawn_anywhere(*, weights: list[float], size: tuple[int, int], log_y: bool, trim: bool, marks: Marks) -> None:
    options = PlotOptions(log_y=log_y, trim=trim, marks=marks, reference=histogram(1, 2, 3))
    drawn(histogram(*weights), width=size[0], height=size[1], options=options)


def test_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    render_png([histogram(1, 4, 9, 4, 1), histogram(0, 0), histogram(1), histogram(3, 1, log_y=True)], path, title="Jets", subtitle="13 TeV")
    image = QImage(str(path))
    assert image.width() > image.height() > 1000
    assert image.pixelColor(0, 0) == QColor(LIGHT.window)
    assert has_color(image.copy(60, 200, 800, 600), LIGHT.accent_soft)
    assert list(tmp_path.iterdir()) == [path]


def test_odd_sheets(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    render_png([], path, title="x" * 1000, dark=True)
    assert QImage(str(path)).pixelColor(0, 0) == QColor(DARK.window)
    render_png([histogram(1, 2)] * (MAX_PANELS + 5), path, title="", columns=1, scale=2)
    assert QImage(str(path)).height() <= 16_000
    with pytest.raises(FolderUnwritable):
        render_png([], tmp_path / "missing" / "sheet.png", title="")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FolderUnwritable):
        render_png([], tmp_path / "folder", title="")
