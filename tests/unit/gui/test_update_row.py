"""Whether there is a newer version, on the page Help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.widgets import texts
from support.window_rig import ScriptedServices
from t4t.domain.app_update import Failed, UpdateView, Verdict
from t4t.domain.update_errors import UpdateUnfit
from t4t.gui.theme.style import Theme
from t4t.gui.window.help import Help

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from t4t.gui.session import Session


def test_whether_there_is_a_newer_version(qtbot: QtBot, qapp: QApplication, session: Session, agent: ApiThread) -> None:
    page = Help(Theme(qapp), ScriptedServices(), session)
    qtbot.addWidget(page)
    page.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    assert not any("newe" in text for text in texts(page))
    agent.show(update=UpdateView(installed="1.0.0", newest="1.1.0", verdict=Verdict.TELL, checked_at=1.0))
    qtbot.waitUntil(lambda: "Version 1.0.0. Version 1.1.0 is out: your package manager installs it." in texts(page))
    failure = Failed(UpdateUnfit.code, {"version": "1.1.0", "reason": "it ended"})
    agent.show(update=UpdateView(installed="1.0.0", newest="1.1.0", verdict=Verdict.BAD, checked_at=1.0, failure=failure))
    qtbot.waitUntil(lambda: any("A new version does not work here." in text for text in texts(page)))
    qapp.setStyleSheet("")
