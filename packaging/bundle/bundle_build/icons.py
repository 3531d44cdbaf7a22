"""The program's icon as Windows and macOS want it: ``python icons.py APP.svg FOLDER``, in the environment that has Qt."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES: Final = {"t4t.ico": 256, "t4t.icns": 512, "t4t.png": 128}


def main() -> int:
    """Write them all."""
    source, folder = (Path(word) for word in sys.argv[1:])
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    drawing = QSvgRenderer(str(source))
    for name, size in SIZES.items():
        image = QImage(QSize(size, size), QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        drawing.render(painter)
        painter.end()
        if not image.save(str(folder / name)):
            sys.exit(f"{name} can't be written")
    application.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
