"""The first run's screens for ``make screenshots``: each in the states that somebody meets."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QPushButton

from support.scenes import Scene
from support.scripted_engine import a_task
from support.scripted_projects import a_project
from support.window_rig import TROUBLE, WELL
from t4t.domain.diagnosis.findings import Check, Diagnosis, Finding, Remedy, Step, Verdict
from t4t.domain.session import Activity, TrayState
from t4t.domain.setting_up import Setup
from t4t.domain.setting_up import Step as Place
from t4t.domain.vm import VmState
from t4t.gui.wizard.frame import Wizard
from t4t.gui.wizard.joining import Joining
from t4t.wording.language import gettext

if TYPE_CHECKING:
    from t4t.gui.window.main import Window

READY: Final = dataclasses.replace(
    WELL,
    findings=(
        *WELL.findings,
        Finding(check=Check.MEMORY, verdict=Verdict.MEMORY_OK, data={"total": "16", "available": "9", "needed": "1"}),
        Finding(check=Check.DISK, verdict=Verdict.DISK_OK, data={"free": "120", "needed": "6", "path": "~/.local/share/t4t"}),
        Finding(check=Check.VIRTUALIZATION, verdict=Verdict.VIRTUALIZATION_OK, data={"feature": "Intel VT-x"}),
        Finding(check=Check.VIRTUALBOX, verdict=Verdict.VIRTUALBOX_OK, data={"version": "7.1.6"}),
        Finding(check=Check.NETWORK, verdict=Verdict.NETWORK_OK),
    ),
)
MISSING: Final = Diagnosis(
    ready=False,
    can_demo=False,
    findings=(
        *READY.findings[:6],
        Finding(check=Check.VIRTUALBOX, verdict=Verdict.VIRTUALBOX_MISSING, steps=(Step(Remedy.INSTALL_VIRTUALBOX, "t4t virtualbox install"),)),
        READY.findings[-1],
    ),
)
APPLE: Final = Diagnosis(
    ready=False,
    can_demo=False,
    hopeless=True,
    findings=(Finding(check=Check.PLATFORM, verdict=Verdict.PLATFORM_APPLE_CHIP, steps=(Step(Remedy.OTHER_COMPUTER),)), *WELL.findings[1:]),
)


def _scene(name: str, place: Setup, **more: Any) -> Scene:
    given: dict[str, Any] = {"size": (1040, 720), "diagnosis": READY, "place": place} | more
    return Scene(name=f"wizard-{name}", page="setup", **given)


def wizard(window: Window) -> Wizard:
    """The window's."""
    found = window.page("setup")
    assert isinstance(found, Wizard)
    return found


def _press(window: Window, text: str) -> None:
    next(one for one in window.findChildren(QPushButton) if one.text() == gettext(text)).click()


def _choose(window: Window, way: str) -> None:
    page = wizard(window).page(Place.ACCOUNT)
    assert isinstance(page, Joining)
    page.radios[way].setChecked(True)


def scenes() -> list[Scene]:
    """All of them."""
    nothing: dict[str, Any] = {
        "state": TrayState.SETTING_UP,
        "tasks": (),
        "projects": (a_project(name="Test4Theory Demo", user_total=0.0, fetching=1),),
        "finished": 0,
    }
    boots = a_task(activity=Activity.SETTING_UP, vm=VmState.STARTING, fraction=0.0, elapsed_s=0.0, checkpoints=0, name="t4t_demo_1_0")
    runs = a_task(fraction=0.37, elapsed_s=40.0, checkpoints=0, name="t4t_demo_1_0")
    demo = Setup(step=Place.FIRST_RESULT, demo=True)
    return [
        _scene("welcome", Setup()),
        _scene("welcome-how", Setup(), before=lambda window: _press(window, "How does it work?")),
        _scene("computer", Setup(step=Place.COMPUTER)),
        _scene("computer-missing", Setup(step=Place.COMPUTER), diagnosis=MISSING),
        _scene("computer-trouble", Setup(step=Place.COMPUTER), diagnosis=TROUBLE),
        _scene("computer-apple", Setup(step=Place.COMPUTER), diagnosis=APPLE),
        _scene("resources", Setup(step=Place.RESOURCES)),
        _scene("resources-narrow", Setup(step=Place.RESOURCES), size=(420, 720)),
        _scene("account", Setup(step=Place.ACCOUNT)),
        _scene("account-create", Setup(step=Place.ACCOUNT), before=lambda window: _choose(window, "create"), size=(1040, 900)),
        _scene("account-demo", Setup(step=Place.ACCOUNT), before=lambda window: _choose(window, "demo")),
        _scene("privacy-demo", Setup(step=Place.PRIVACY, demo=True)),
        _scene("result-fetch", demo, changes=nothing),
        _scene("result-boot", demo, changes=nothing | {"tasks": (boots,)}),
        _scene("result-compute", demo, changes=nothing | {"tasks": (runs,), "state": TrayState.WORKING}),
        _scene("result-there", demo, changes=nothing | {"finished": 1, "state": TrayState.WORKING}),
    ]
