"""Says again and again on standard output how many pixels of the whole screen have the colour that is the argument (``#rrggbb``)."""

from __future__ import annotations

import sys
from typing import Final

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QImage

_EVERY_MS: Final = 250


def main() -> None:
    """Until it is ended."""
    application = QGuiApplication(["screen_watch"])
    wanted = QColor(sys.argv[1]).rgb().to_bytes(4, sys.byteorder)

    def look() -> None:
        image = application.primaryScreen().grabWindow(0).toImage().convertToFormat(QImage.Format.Format_RGB32)
        sys.stdout.write(f"{bytes(image.constBits()).count(wanted)}\n")
        sys.stdout.flush()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(_EVERY_MS)
    QCoreApplication.exec()


if __name__ == "__main__":
    main()
