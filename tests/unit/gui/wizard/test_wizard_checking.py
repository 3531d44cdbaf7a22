"""The first run's look at this computer: ready, hopeless, mended, after a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import QApplication

from support.widgets import buttons, click, texts
from support.window_rig import PLAN, TROUBLE, WELL, ScriptedServices
from support.wizard_pictures import APPLE, MISSING
from support.wizard_screens import at, computer, says, until_says
from t4t.domain.changes import Fetch, Pending
from t4t.domain.diagnosis.findings import Check, Diagnosis, Finding, Verdict
from t4t.domain.errors import FolderUnwritable
from t4t.domain.install_errors import NothingToFix
from t4t.domain.setting_up import Setup, Step
from t4t.gui.components.parts import TextDialog
from t4t.gui.components.stages import StageRow
from t4t.gui.window.computer import Checks
from t4t.gui.wizard.joining import Joining

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

    from t4t.gui.window.main import Window
    from t4t.gui.wizard.frame import Wizard


def test_a_computer_that_is_ready_is_tried_for_real(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "Everything is ready.")
    qtbot.waitUntil(lambda: services.asked == ["doctor", "boot"])
    assert says(wizard, "Intel Core i5, 8 processors")  # also what is well is shown
    qtbot.waitUntil(lambda: not says(wizard, "tiny test machine"))
    assert wizard.next.text() == "Continue"
    assert not says(wizard, "Welcome back")


def test_virtualbox_is_installed_in_place_with_its_progress(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    fetch = Fetch(name="virtualbox.deb", address="https://download.virtualbox.example/virtualbox.deb")
    services.diagnosis, services.plan = MISSING, replace(PLAN, fetch=(fetch,))
    services.tells = [(fetch, 0), (fetch, 62 << 20), (PLAN.changes[0], 0)]
    services.go_on.clear()
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "One thing to do.")
    assert services.asked == ["doctor"]
    assert wizard.next.text() == "Continue, and do this later"
    click(wizard, "Install VirtualBox")
    qtbot.waitUntil(lambda: bool([one for one in window.findChildren(TextDialog) if one.isVisible()]))
    dialog = next(one for one in window.findChildren(TextDialog) if one.isVisible())
    assert "apt-get -y install" in dialog.text.toPlainText()  # what will be done is seen before it is done
    assert "do install-virtualbox" not in services.asked
    click(dialog, "Do it")
    until_says(qtbot, wizard, "Install with the system")
    qtbot.waitUntil(lambda: "Download virtualbox.deb" in texts(wizard))
    assert not wizard.next.isEnabled()
    assert not wizard.back.isEnabled()
    assert wizard.changing
    asked = QCloseEvent()
    window.closeEvent(asked)
    assert not asked.isAccepted()  # it would end with our process
    services.go_on.set()
    until_says(qtbot, wizard, "Everything is ready.")
    qtbot.waitUntil(lambda: "boot" in services.asked)
    qtbot.waitUntil(wizard.next.isEnabled)
    assert wizard.next.text() == "Continue"


def test_an_installation_that_fails_says_where(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = MISSING
    services.plan = PLAN
    services.go_on.clear()
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "One thing to do.")
    click(wizard, "Install VirtualBox")
    qtbot.waitUntil(lambda: bool([one for one in window.findChildren(TextDialog) if one.isVisible()]))
    click(next(one for one in window.findChildren(TextDialog) if one.isVisible()), "Do it")
    until_says(qtbot, wizard, "Install with the system")
    services.refuse_with = NothingToFix(name="x", known="")
    services.go_on.set()
    qtbot.waitUntil(lambda: [row.accessibleName() for row in _stage_rows(wizard)] == ["Install with the system's package manager, did not work"])
    services.refuse_with = None
    qtbot.waitUntil(wizard.next.isEnabled)
    click(wizard, "Check again")
    qtbot.waitUntil(lambda: not _stage_rows(wizard))


def _stage_rows(wizard: Wizard) -> list[StageRow]:
    return [row for row in wizard.current.findChildren(StageRow) if row.isVisibleTo(wizard)]


def test_where_nothing_can_run_it_is_said_before_any_download_and_it_stays_friendly(
    qtbot: QtBot, window: Window, services: ScriptedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(QUrl(url).toString()))
    services.diagnosis = APPLE
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "Nothing was downloaded. You can still follow the science.")
    click(wizard, "Follow the science on the web")
    assert opened == ["https://lhcathome.cern.ch"]
    assert wizard.next.text() == "Done"
    click(wizard, "Done")
    assert window.current == "science"
    assert services.place.done
    assert set(services.asked) == {"doctor"}


def test_where_only_the_demo_can_run_nothing_else_is_offered(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = Diagnosis(ready=False, can_demo=True, hopeless=True, findings=APPLE.findings)
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "The demo can: the same physics")
    qtbot.waitUntil(lambda: services.asked == ["doctor", "boot"])
    qtbot.waitUntil(wizard.next.isEnabled)
    click(wizard, "Continue with the demo")
    qtbot.waitUntil(wizard.next.isEnabled)
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: wizard.current.step is Step.ACCOUNT)
    joining = wizard.current
    assert isinstance(joining, Joining)
    assert joining.way == "demo"
    assert [key for key, radio in joining.radios.items() if radio.isVisibleTo(joining)] == ["demo"]


def test_what_was_mended_elsewhere_is_seen_without_a_click(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = MISSING
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "One thing to do.")
    services.diagnosis = WELL
    window.activateWindow()
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))  # from where Qt hands it on
    until_says(qtbot, wizard, "Everything is ready.")
    seen = len(services.asked)
    qtbot.waitUntil(lambda: len(services.asked) == seen or "boot" in services.asked)
    computer(wizard).depart()


def test_a_test_boot_is_made_again_only_where_something_changed(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = Diagnosis(ready=False, can_demo=True, findings=TROUBLE.findings)  # can demo: so it boots, and is not ready whatever it does
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    qtbot.waitUntil(lambda: services.asked == ["doctor", "boot"])
    checks = computer(wizard).findChild(Checks)
    assert isinstance(checks, Checks)
    qtbot.waitUntil(lambda: not checks._looking.busy)
    checks._clock.timeout.emit()
    qtbot.waitUntil(lambda: services.asked == ["doctor", "boot", "doctor"] and not checks._looking.busy)
    on = Finding(check=Check.VIRTUALIZATION, verdict=Verdict.VIRTUALIZATION_OK, data={"feature": "Intel VT-x"})
    services.diagnosis = Diagnosis(ready=True, can_demo=True, findings=(*WELL.findings, on))
    checks._clock.timeout.emit()
    qtbot.waitUntil(lambda: services.asked == ["doctor", "boot", "doctor", "doctor", "boot"])
    until_says(qtbot, wizard, "Everything is ready.")


def test_after_the_restart_it_says_what_came_of_it(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    services.pending = Pending(check="virtualization", remedy="firmware-setting", boot="b")
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "Welcome back. Virtualization: not yet.")
    click(wizard, "Back")
    services.diagnosis = WELL
    services.pending = Pending(check="processor", remedy="x", boot="b")
    click(wizard, "Get started")
    qtbot.waitUntil(lambda: "Check again" in buttons(wizard))
    click(wizard, "Check again")
    until_says(qtbot, wizard, "Welcome back. Processor: it is well now.")


def test_a_look_that_fails_is_said(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.refuse_with = FolderUnwritable(path="/data", reason="Read-only file system")
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "/data")
    assert not wizard.next.isEnabled()
