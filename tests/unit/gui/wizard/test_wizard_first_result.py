"""The end of the first run: each stage on the way to the first result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from support.scripted_engine import a_task
from support.scripted_projects import a_project
from support.widgets import buttons, click
from support.wizard_screens import DEMO, at, says, until_says
from t4t.domain.autostart import AutostartState
from t4t.domain.errors import FolderUnwritable
from t4t.domain.policy import Level
from t4t.domain.session import Activity, TrayState
from t4t.domain.setting_up import Setup, Step
from t4t.domain.vm import VmState
from t4t.gui.wizard.result import FirstResult

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from support.window_rig import ScriptedServices
    from t4t.gui.session import Session
    from t4t.gui.window.main import Window


def test_each_stage_on_the_way_is_shown(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    agent.show(finished=0, tasks=(), projects=(a_project(fetching=1, held=1),))
    wizard = at(window, services, DEMO)
    page = wizard.current
    assert isinstance(page, FirstResult)

    def stands(*wanted: str) -> bool:
        return [stage.stand.name.lower() for stage in page.stages.shown] == list(wanted)

    qtbot.waitUntil(lambda: stands("now", "waiting", "waiting", "waiting"))
    assert "Back" not in buttons(wizard)  # what was agreed to has no way back
    agent.show(tasks=(a_task(activity=Activity.SETTING_UP, vm=VmState.STARTING, fraction=0.0),))
    qtbot.waitUntil(lambda: stands("done", "now", "waiting", "waiting"))
    agent.show(tasks=(a_task(fraction=math.nan),))
    qtbot.waitUntil(lambda: stands("done", "now", "waiting", "waiting"))
    agent.show(tasks=(a_task(fraction=0.25),))
    qtbot.waitUntil(lambda: stands("done", "done", "now", "waiting"))
    assert says(wizard, "25\N{NO-BREAK SPACE}%")
    assert "See the physics live" in buttons(wizard)
    agent.show(tasks=(), finished=1, projects=(a_project(sending=1),))
    qtbot.waitUntil(lambda: stands("done", "done", "done", "now"))
    agent.show(projects=(a_project(),))
    qtbot.waitUntil(lambda: stands("done", "done", "done", "done"))
    click(wizard, "Join LHC@home now")
    assert services.place == Setup(step=Step.ACCOUNT)


def test_the_live_pages_are_a_click_away(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    agent.show(finished=0, tasks=(a_task(fraction=0.25),))
    wizard = at(window, services, DEMO)
    qtbot.waitUntil(lambda: "See the physics live" in buttons(wizard))
    click(wizard, "See the physics live")
    assert window.current == "science"
    window.open_at("home")
    assert window.current == "setup"
    click(wizard, "Show me what it does")
    assert window.current == "home"


def test_why_nothing_comes_is_said(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    agent.show(finished=0, tasks=(), projects=(a_project(held=0, no_work_since=1.0, no_work=("none_available",)),))
    wizard = at(window, services, DEMO)
    until_says(qtbot, wizard, "Nothing is wrong on your side.")


def test_without_an_agent_it_says_so(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread, session: Session) -> None:
    wizard = at(window, services, DEMO)
    agent.stop()
    qtbot.waitUntil(lambda: session.lost is not None)
    until_says(qtbot, wizard, "Test4Theory is not running")


def test_the_start_with_the_session_is_asked_at_the_end(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    agent.show(finished=1, projects=())
    wizard = at(window, services, DEMO)
    page = wizard.current
    assert isinstance(page, FirstResult)
    qtbot.waitUntil(lambda: page.autostart.isVisibleTo(wizard) and "autostart None" in services.asked)
    qtbot.waitUntil(lambda: not page._asking.busy)
    assert not page.autostart.isChecked()  # nobody's answer is given before
    page.autostart.click()
    qtbot.waitUntil(lambda: services.login.on and not page._asking.busy)
    assert page.autostart.isChecked()
    services.refuse_with = FolderUnwritable(path="/home", reason="Read-only file system")
    page.autostart.click()
    until_says(qtbot, wizard, "/home")
    services.refuse_with = None
    services.login = AutostartState(on=False, refused=True)
    page.arrive()
    until_says(qtbot, wizard, "they have the last word")


def test_a_second_click_before_the_first_is_done_changes_nothing(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    agent.show(finished=1, projects=())
    wizard = at(window, services, DEMO)
    page = wizard.current
    assert isinstance(page, FirstResult)
    page.arrive()
    page._switch(True)  # noqa: FBT003 - as Qt calls it, while it is being asked
    assert not page.autostart.isChecked()
    qtbot.waitUntil(lambda: not page._asking.busy)


def test_who_looks_on_can_have_it_run(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    """Some presets wait until nobody is at the computer, and whoever is here for the first time is."""
    agent.show(finished=0, tasks=(), projects=(), deciding="in_use", state=TrayState.WAITING, level=Level.PAUSED)
    wizard = at(window, services, DEMO)
    until_says(qtbot, wizard, "It can run now, too")
    assert wizard.next.text() == "Run it now, while I watch"
    click(wizard, "Run it now, while I watch")
    qtbot.waitUntil(lambda: agent.engine.asked == ["run_anyway 1h"])
    qtbot.waitUntil(lambda: wizard.next.text() == "Done")
    assert services.place == DEMO
    agent.show(deciding="in_use", state=TrayState.GENTLE, level=Level.GENTLE)  # it runs, if gently
    qtbot.waitUntil(lambda: not says(wizard, "It can run now, too"))
    assert wizard.next.text() == "Done"
    agent.show(deciding="disk", state=TrayState.WAITING, level=Level.PAUSED)  # what no volunteer can overrule
    until_says(qtbot, wizard, "Waiting")
    assert wizard.next.text() == "Done"
    assert not says(wizard, "It can run now, too")
