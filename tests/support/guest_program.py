"""`EmbeddedView` in a process of its own: shows the ports that come in as lines, tells in lines what became of it. An empty line ends it."""

from __future__ import annotations

import sys
import threading

from PySide6.QtCore import QObject, Signal

from t4t.gui.application import application
from t4t.gui.guest.embedded import EmbeddedView


class Lines(QObject):
    """Standard input as a signal."""

    came = Signal(str)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Until the empty line."""
    made = application(on_screen=False, web_pages=True)
    assert made is not None
    view = EmbeddedView(lambda: _say("crashed"))
    view.widget.resize(400, 300)
    view.widget.show()
    view.widget.titleChanged.connect(lambda title: _say(f"title {title}"))
    lines = Lines()

    def take(line: str) -> None:
        match line:
            case "":
                made.quit()
            case "leave":
                view.leave()
            case _:
                view.show_port(int(line))
                view.show_port(int(line))

    lines.came.connect(take)

    def read() -> None:
        for line in sys.stdin:
            lines.came.emit(line.strip())
        lines.came.emit("")

    threading.Thread(target=read, daemon=True).start()
    made.exec()
    _say(f"stopped {view.stopped}")
    view.close()


if __name__ == "__main__":
    main()
