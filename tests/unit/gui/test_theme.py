"""Tokens that can be read, icons that can be told apart."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPalette

from t4t.domain.session import TrayState
from t4t.gui.theme import scheme
from t4t.gui.theme.icons import TRAY_SIZES, app_icon, render, tray_icon, tray_name
from t4t.gui.theme.scheme import is_dark
from t4t.gui.theme.style import factor, palette, sheet
from t4t.gui.theme.tokens import DARK, LIGHT, Colors

THEMES = pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])


def _luminance(color: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@THEMES
def test_words_can_be_read_and_controls_seen(colors: Colors) -> None:
    for ground in (colors.window, colors.surface, colors.accent_soft):
        for text in (colors.text, colors.muted):
            assert _contrast(text, ground) >= 4.5
    for text in (colors.accent, colors.good, colors.attention, colors.bad):
        assert _contrast(text, colors.surface) >= 4.5
    assert _contrast(colors.on_accent, colors.accent) >= 4.5
    assert _contrast(colors.control, colors.surface) >= 3


def _parts(color: QColor) -> tuple[float, float, float]:
    return color.redF(), color.greenF(), color.blueF()


def _coverage(state: TrayState, size: int) -> list[float]:
    image = render(tray_name(state), size, "#000000")
    return [image.pixelColor(x, y).alphaF() for y in range(size) for x in range(size)]


@pytest.mark.parametrize("size", [16, 22, 32])
def test_states_differ_by_shape_alone(size: int) -> None:
    pictures = {state: _coverage(state, size) for state in TrayState}
    for one, other in itertools.combinations(TrayState, 2):
        difference = sum(abs(a - b) for a, b in zip(pictures[one], pictures[other], strict=True)) / size**2
        assert difference > 0.08, f"{one} and {other} look alike"


@pytest.mark.parametrize("panel", ["#FFFFFF", "#000000", "#808080", "#1A2028", "#DCDAD5"])
@pytest.mark.parametrize("dark", [False, True])
def test_a_glyph_can_be_seen_on_any_panel(panel: str, dark: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Also on one that is not what it seemed."""
    ground = _parts(QColor(panel))
    for state in TrayState:
        image = tray_icon(state, dark_panel=dark).pixmap(32).toImage().convertToFormat(QImage.Format.Format_ARGB32)
        strongest = 1.0
        for rgba in {image.pixel(x, y) for x, y in itertools.product(range(32), range(32))}:
            share = QColor.fromRgba(rgba).alphaF()
            mixed = (round(255 * (share * a + (1 - share) * b)) for a, b in zip(_parts(QColor.fromRgba(rgba)), ground, strict=True))
            strongest = max(strongest, _contrast(QColor(*mixed).name(), panel))
        assert strongest >= 3, f"{state} on {panel}"


def test_icons_have_the_sizes_that_panels_ask_for() -> None:
    sizes = {size.width() for size in tray_icon(TrayState.WORKING, dark_panel=True).availableSizes()}
    assert sizes == set(TRAY_SIZES)
    assert {16, 256} <= {size.width() for size in app_icon().availableSizes()}


def test_colours_follow_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    night = palette(DARK)
    assert scheme.is_dark(night, Qt.ColorScheme.Unknown)
    assert not scheme.is_dark(night, Qt.ColorScheme.Light)
    assert scheme.is_dark(palette(LIGHT), Qt.ColorScheme.Dark)
    assert scheme.current(palette(LIGHT)) == LIGHT
    assert not scheme.wants_contrast()
    monkeypatch.setattr(scheme, "wants_contrast", lambda: True)
    forced = scheme.current(night)
    assert forced.text == forced.good == forced.bad == night.color(QPalette.ColorRole.WindowText).name().upper()
    assert forced.on_accent == DARK.on_accent
    assert f"QMenu::item:selected {{ background: {forced.accent}; color: {forced.on_accent}; }}" in sheet(forced, 1.0), "what is chosen can be told"


@pytest.mark.parametrize(("desktop", "colors", "dark"), [("ubuntu:GNOME", LIGHT, True), ("KDE", LIGHT, False), ("", LIGHT, False), ("KDE", DARK, True)])
def test_some_panels_are_always_dark(
    monkeypatch: pytest.MonkeyPatch,
    desktop: str,
    colors: Colors,
    dark: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", desktop)
    monkeypatch.setattr(QGuiApplication, "palette", lambda: palette(colors))  # another test may have left its own
    monkeypatch.setattr(scheme, "is_dark", lambda seen, _: is_dark(seen, Qt.ColorScheme.Unknown))
    assert scheme.panel_is_dark() is dark


@THEMES
def test_one_style_sheet_without_gaps(colors: Colors) -> None:
    made = sheet(colors, 2.0)
    assert "$" not in made
    assert "font-size: 44.0px" in made
    assert factor(5.0) == 1.0
    assert factor(20.0) > 1.0
