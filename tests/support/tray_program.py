"""The tray of the product on the agent whose socket is the first argument, without an engine in the process.

Says on standard output what it was asked to open.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from t4t.gui.link import AgentLink
from t4t.gui.session import Session
from t4t.gui.signals import stop_on_signals
from t4t.gui.tray.app import Tray
from t4t.gui.tray.hosts import TrayHosts


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Until a signal. The second argument: after how many milliseconds a missing tray is given up."""
    application = QApplication(["t4t"])
    application.setQuitOnLastWindowClosed(False)
    link = AgentLink(Path(sys.argv[1]))
    tray = Tray(
        Session(link),
        open_window=lambda page: _say(f"open {page}"),
        no_tray=lambda: _say("no tray"),
        hosts=TrayHosts(patience_ms=int(sys.argv[2])),
    )
    link.open()
    with stop_on_signals(QCoreApplication.quit):
        QCoreApplication.exec()
    tray.take_down()


if __name__ == "__main__":
    main()
