"""Icons out of ``resources/icons``, in any colour, rendered for the sizes that trays and windows ask for."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import t4t
from t4t.gui.theme.tokens import DARK, LIGHT

if TYPE_CHECKING:
    from t4t.domain.session import TrayState

TRAY_SIZES: Final = (16, 20, 22, 24, 32, 44, 48, 64)
"""What panels show, at 100 % and at 200 %."""
APP_SIZES: Final = (16, 24, 32, 48, 64, 128, 256)
_EDGE: Final = 0.75
"""Width in pixels of the edge in the other colour that keeps a glyph legible on a panel that is not what it seemed."""
_EDGE_STRENGTH: Final = 0.8
_PLACEHOLDER: Final = "currentColor"


def icon_folder() -> Path:
    """Beside the package in an installation, in the checkout else."""
    package = Path(t4t.__file__).parent
    installed = package / "resources" / "icons"
    return installed if installed.is_dir() else package.parents[1] / "resources" / "icons"


@functools.cache
def _source(name: str) -> str:
    return (icon_folder() / f"{name}.svg").read_text(encoding="utf-8")


def render(name: str, size: int, color: str, *, edge: str = "") -> QImage:
    """The icon ``name`` as a square of ``size`` pixels in ``color``, with a faint edge in the colour ``edge``."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if edge:
        painter.setOpacity(_EDGE_STRENGTH)
        outline = QSvgRenderer(_source(name).replace(_PLACEHOLDER, edge).encode())
        for right, down in ((-_EDGE, 0.0), (_EDGE, 0.0), (0.0, -_EDGE), (0.0, _EDGE)):
            outline.render(painter, QRectF(right, down, size, size))
        painter.setOpacity(1.0)
    QSvgRenderer(_source(name).replace(_PLACEHOLDER, color).encode()).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


def tray_name(state: TrayState) -> str:
    """The file of a state's glyph."""
    return f"tray-{state.value.replace('_by_you', '').replace('_', '-')}"


@functools.cache
def tray_icon(state: TrayState, *, dark_panel: bool) -> QIcon:
    """The icon of one of the eight states. macOS colours the glyph itself."""
    inner, outer = (DARK, LIGHT) if dark_panel else (LIGHT, DARK)
    mask = sys.platform == "darwin"
    icon = QIcon()
    for size in TRAY_SIZES:
        name = tray_name(state)
        image = render(name, size, "#000000") if mask else render(name, size, inner.text, edge=outer.text)
        icon.addPixmap(QPixmap.fromImage(image))
    icon.setIsMask(mask)
    return icon


@functools.cache
def app_icon() -> QIcon:
    """The mark, for windows and task bars: in the accent of the light scheme, which is legible on both."""
    icon = QIcon()
    for size in APP_SIZES:
        icon.addPixmap(QPixmap.fromImage(render("mark", size, LIGHT.accent, edge=DARK.text)))
    return icon
