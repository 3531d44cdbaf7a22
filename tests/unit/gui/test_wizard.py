"""The first run's screens on a real connection and a scripted computer: each state that somebody meets, and the way from the first to the last."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QRadioButton

from support.first_run_rig import KEY, OFFER, OTHER
from support.scripted_engine import a_task
from support.scripted_projects import URL, a_project
from support.widgets import buttons, click, nameless, texts, too_small
from support.window_rig import PLAN, TROUBLE, WELL, ScriptedServices
from support.wizard_pictures import APPLE, MISSING, scenes
from t4t.domain.autostart import AutostartState
from t4t.domain.changes import Fetch, Pending
from t4t.domain.diagnosis.findings import Diagnosis
from t4t.domain.errors import FolderUnwritable
from t4t.domain.install_errors import NothingToFix
from t4t.domain.project_errors import EmailInUse, KeyringMissing, Unreachable
from t4t.domain.project_view import Keep
from t4t.domain.session import Activity
from t4t.domain.setting_up import SCREENS, Setup, Step
from t4t.domain.settings.presets import Preset
from t4t.domain.signup import Way
from t4t.domain.vm import VmState
from t4t.gui.components.parts import TextDialog
from t4t.gui.components.stages import StageRow
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window
from t4t.gui.wizard.checking import Checking
from t4t.gui.wizard.frame import Wizard
from t4t.gui.wizard.giving import Giving
from t4t.gui.wizard.joining import Joining
from t4t.gui.wizard.privacy import Privacy
from t4t.gui.wizard.result import FirstResult
from t4t.gui.wizard.step import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from support.api_thread import ApiThread
    from support.scenes import Scene
    from t4t.gui.session import Session

SECRET = "long enough"  # noqa: S105 - a test's
DEMO = Setup(step=Step.FIRST_RESULT, demo=True)


@pytest.fixture
def services() -> ScriptedServices:
    made = ScriptedServices()
    made.place = Setup()
    return made


@pytest.fixture
def window(qtbot: QtBot, session: Session, qapp: QApplication, services: ScriptedServices) -> Iterator[Window]:
    made = Window(session, Theme(qapp), services)
    qtbot.addWidget(made)
    made.show()
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    yield made
    services.go_on.set()
    wizard = made.page("setup")
    assert isinstance(wizard, Wizard)
    wizard.depart()  # no load of a test goes on
    qapp.setStyleSheet("")


def at(window: Window, services: ScriptedServices, setup: Setup) -> Wizard:
    """The wizard, as whoever comes back to ``setup`` finds it."""
    services.place = setup
    window.open_at("home")
    found = window.page("setup")
    assert isinstance(found, Wizard)
    return found


def press(key: Qt.Key) -> None:
    """Whatever has the keyboard gets it."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key)


def stands_at(services: ScriptedServices, step: Step) -> bool:
    return services.place.step is step


def stands_on(wizard: Wizard, step: Step) -> bool:
    return wizard.current.step is step


def chosen(page: Giving, preset: Preset) -> bool:
    return page.chosen is preset


def says(wizard: Wizard, text: str) -> bool:
    return any(text in one for one in texts(wizard))


def until_says(qtbot: QtBot, wizard: Wizard, text: str) -> None:
    qtbot.waitUntil(lambda: says(wizard, text))


# --- all the way -----------------------------------------------------------------------------------------------------


def test_from_the_welcome_to_the_demos_first_result_by_the_keyboard_alone(qtbot: QtBot, window: Window, services: ScriptedServices, agent: ApiThread) -> None:
    agent.show(finished=3, tasks=(), projects=())
    wizard = at(window, services, Setup())
    window.activateWindow()
    assert says(wizard, "Help physicists understand")
    assert wizard.next.accessibleName() == "Get started, Step 1 of 5"
    qtbot.waitUntil(lambda: QApplication.focusWidget() is wizard.next)
    for step in (Step.COMPUTER, Step.RESOURCES, Step.ACCOUNT):
        qtbot.waitUntil(wizard.next.isEnabled)
        QTest.keyClick(wizard.next, Qt.Key.Key_Return)
        qtbot.waitUntil(functools.partial(stands_at, services, step))
    assert services.preset is Preset.BALANCED
    assert not wizard.next.isEnabled()
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QRadioButton))
    joining = wizard.current
    assert isinstance(joining, Joining)
    for _ in range(3):
        press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Space)
    assert joining.way == "demo"
    QTest.keyClick(wizard.next, Qt.Key.Key_Return)
    assert services.place == Setup(step=Step.PRIVACY, demo=True)
    assert says(wizard, "The demo stays on this computer")
    QTest.keyClick(wizard.next, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: services.place == Setup(step=Step.FIRST_RESULT, demo=True, finished=3))
    assert "demo" in services.asked
    assert not any(one.startswith("offer ") for one in services.asked)  # nobody was asked for an account
    agent.show(finished=4)
    until_says(qtbot, wizard, "Your computer has finished its first job")
    assert "Join LHC@home now" in buttons(wizard)
    QTest.keyClick(wizard.next, Qt.Key.Key_Return)
    assert services.place.done
    assert window.current == "home"
    window.open_at("home")
    assert window.current == "home"


def test_it_goes_on_where_it_was_and_can_be_left_at_any_point(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    assert stands_on(wizard, Step.RESOURCES)
    assert not window.nav.isVisible()
    click(wizard, "Back")
    assert services.place.step is Step.COMPUTER
    click(wizard, "Finish setting up later")
    assert window.current == "home"
    assert window.nav.isVisible()
    click(window.home, "Go on setting up")
    assert window.current == "setup"
    assert stands_on(wizard, Step.COMPUTER)
    window.show_page("settings")
    window.come_forward("home")
    assert window.current == "setup"
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: services.place.step is Step.WELCOME)
    assert "Back" not in buttons(wizard)


def test_who_is_through_can_look_once_more(window: Window, services: ScriptedServices) -> None:
    services.place = Setup(step=Step.DONE)
    window.open_at("home")
    assert window.current == "home"
    window.show_page("help")
    click(window.page("help"), "Set up again")
    wizard = window.page("setup")
    assert isinstance(wizard, Wizard)
    assert stands_on(wizard, Step.WELCOME)
    click(wizard, "Get started")
    assert stands_on(wizard, Step.COMPUTER)
    assert services.place.done  # nothing was agreed to
    click(wizard, "Finish setting up later")
    assert services.place.done
    assert "Go on setting up" not in buttons(window.home)
    assert not wizard.changing


def test_without_a_project_the_contribution_leads_to_it(qtbot: QtBot, window: Window, agent: ApiThread) -> None:
    agent.show(projects=())
    window.show_page("contribution")
    qtbot.waitUntil(lambda: "Set up again" in buttons(window.page("contribution")))
    click(window.page("contribution"), "Set up again")
    assert window.current == "setup"


def test_a_place_that_can_not_be_written_down_is_said_and_holds_for_now(window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup())
    services.cannot_keep = FolderUnwritable(path="/data", reason="Read-only file system")
    click(wizard, "Get started")
    assert stands_on(wizard, Step.COMPUTER)
    assert says(wizard, "/data")
    services.cannot_keep = None
    click(wizard, "Back")
    assert not says(wizard, "/data")


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_every_control_has_a_name_and_room(qtbot: QtBot, window: Window, services: ScriptedServices, scene: Scene) -> None:
    services.diagnosis = scene.diagnosis
    wizard = at(window, services, scene.place)
    scene.before(window)
    if scene.place.step is Step.COMPUTER:
        qtbot.waitUntil(lambda: computer(wizard).may_go)
    if scene.place.step is Step.RESOURCES:
        until_says(qtbot, wizard, "means here")
    QApplication.processEvents()
    assert nameless(wizard) == []
    assert too_small(wizard, 32) == []
    assert wizard.next.height() >= 44
    assert wizard.next.mapTo(wizard, QPoint(wizard.next.width(), 0)).x() > wizard.width() - 100  # at the right, whatever else is in its line


@pytest.mark.parametrize("points", [10, 20], ids=["usual letters", "twice as large"])
def test_no_screen_is_wider_than_the_window(qtbot: QtBot, session: Session, qapp: QApplication, services: ScriptedServices, points: int) -> None:
    session.open()
    qtbot.waitUntil(lambda: session.view is not None)
    usual, larger = qapp.font(), QFont(qapp.font())
    larger.setPointSize(points)
    qapp.setFont(larger)
    services.diagnosis = MISSING
    try:
        for step in SCREENS:
            services.place = Setup(step=step, demo=True)
            other = Window(session, Theme(qapp), services)
            qtbot.addWidget(other)
            other.show()
            other.open_at("home")
            for width in (1, 1600):
                other.resize(width, 500)
                qtbot.waitUntil(functools.partial(fits, other))
            other.close()
    finally:
        qapp.setFont(usual)
        qapp.setStyleSheet("")


def fits(window: Window) -> bool:
    """No words begin or end outside of the window."""
    every: list[QLabel | QPushButton] = [*window.findChildren(QLabel), *window.findChildren(QPushButton)]
    shown = [one for one in every if one.isVisibleTo(window) and one.text()]
    return all(one.mapTo(window, QPoint(one.width(), 0)).x() <= window.width() and one.mapTo(window, QPoint(0, 0)).x() >= 0 for one in shown)


# --- welcome ---------------------------------------------------------------------------------------------------------


def test_how_it_works_is_told_on_the_same_screen(window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup())
    click(wizard, "How does it work?")
    assert says(wizard, "It simulates collision after collision")
    click(wizard, "Show less")
    assert not says(wizard, "It simulates collision after collision")


# --- this computer ---------------------------------------------------------------------------------------------------


def computer(wizard: Wizard) -> Checking:
    found = wizard.current
    assert isinstance(found, Checking)
    return found


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
    QApplication.sendEvent(computer(wizard), QEvent(QEvent.Type.ActivationChange))
    until_says(qtbot, wizard, "Everything is ready.")
    seen = len(services.asked)
    qtbot.waitUntil(lambda: len(services.asked) == seen or "boot" in services.asked)
    computer(wizard).depart()


def test_after_the_restart_it_says_what_came_of_it(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.diagnosis = TROUBLE
    services.pending = Pending(check="virtualization", remedy="firmware-setting", boot="b")
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "Welcome back. Virtualization: not yet.")
    click(wizard, "Back")
    services.diagnosis = WELL
    services.pending = Pending(check="processor", remedy="x", boot="b")
    click(wizard, "Get started")
    click(wizard, "Check again")
    until_says(qtbot, wizard, "Welcome back. Processor: it is well now.")


def test_a_look_that_fails_is_said(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.refuse_with = FolderUnwritable(path="/data", reason="Read-only file system")
    wizard = at(window, services, Setup(step=Step.COMPUTER))
    until_says(qtbot, wizard, "/data")
    assert not wizard.next.isEnabled()


# --- how much --------------------------------------------------------------------------------------------------------


def giving(qtbot: QtBot, wizard: Wizard) -> Giving:
    found = wizard.page(Step.RESOURCES)
    assert isinstance(found, Giving)
    until_says(qtbot, wizard, "means here")
    return found


def test_each_preset_says_what_it_comes_to_here(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.per_kwh = (0.5, "EUR")
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    page = giving(qtbot, wizard)
    assert chosen(page, Preset.BALANCED)
    assert says(wizard, "Balanced means here: 2 of 8 processors, 1.0 GB of memory while it works, up to 20 GB of disk, about 1.9 kWh a month (0.97 EUR).")
    radio = next(one for one in page.findChildren(QRadioButton) if one.text() == "Everything")
    assert radio.accessibleName().startswith("Everything: 6 of 8 processors")
    card = radio.parentWidget()
    assert card is not None
    QTest.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(card.width() - 8, card.height() - 8))  # anywhere on it
    assert chosen(page, Preset.EVERYTHING)
    assert says(wizard, "Everything means here: 6 of 8")
    QTest.mouseClick(card, Qt.MouseButton.RightButton)
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: services.place.step is Step.ACCOUNT)
    assert services.preset is Preset.EVERYTHING
    click(wizard, "Back")
    assert chosen(page, Preset.EVERYTHING)
    assert services.asked.count("offers") == 1


def test_what_holds_already_is_what_is_chosen(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.preset = Preset.GENTLE
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    assert giving(qtbot, wizard).chosen is Preset.GENTLE


def test_the_load_can_be_tried_and_stopped(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    giving(qtbot, wizard)
    click(wizard, "Try it for 10 seconds")
    until_says(qtbot, wizard, "7 seconds left. Measured: 1.9 processors busy.")
    click(wizard, "Stop trying")
    until_says(qtbot, wizard, "That was it. Nothing is running now.")
    click(wizard, "Try it for 10 seconds")
    until_says(qtbot, wizard, "7 seconds left")
    click(wizard, "Back")  # nothing is left running behind anybody's back
    qtbot.waitUntil(lambda: services.asked.count("tried") == 2)


def test_what_can_not_be_asked_or_set_is_said(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    giving(qtbot, wizard)
    services.refuse_with = FolderUnwritable(path="/data", reason="Read-only file system")
    click(wizard, "Continue")
    until_says(qtbot, wizard, "/data")
    assert stands_on(wizard, Step.RESOURCES)
    services.refuse_with = None
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: services.place.step is Step.ACCOUNT)


def test_without_figures_nothing_is_chosen(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    services.refuse_with = FolderUnwritable(path="/data", reason="Read-only file system")
    wizard = at(window, services, Setup(step=Step.RESOURCES))
    until_says(qtbot, wizard, "/data")
    assert not wizard.next.isEnabled()
    click(wizard, "Try it for 10 seconds")
    wizard.current.go()
    assert services.asked == ["offers"]


# --- account ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def joining(qtbot: QtBot, window: Window, services: ScriptedServices) -> Joining:
    del qtbot
    found = at(window, services, Setup(step=Step.ACCOUNT)).current
    assert isinstance(found, Joining)
    return found


def choose(qtbot: QtBot, joining: Joining, way: str, services: ScriptedServices) -> None:
    joining.radios[way].setChecked(True)
    qtbot.waitUntil(lambda: any(one.startswith("offer") for one in services.asked))
    qtbot.waitUntil(lambda: not any("Asking" in one for one in texts(joining)))


def wizard_of(window: Window) -> Wizard:
    found = window.page("setup")
    assert isinstance(found, Wizard)
    return found


def fill(joining: Joining, **values: str) -> None:
    for name, text in values.items():
        joining.form.fields[name].setText(text)


def shown(joining: Joining) -> set[str]:
    return {key for key, field in joining.form.fields.items() if field.isVisibleTo(joining)}


def test_a_new_account_wants_the_terms_accepted(qtbot: QtBot, window: Window, services: ScriptedServices, joining: Joining) -> None:
    wizard = wizard_of(window)
    assert services.asked == []  # nobody was asked before somebody wants an account
    choose(qtbot, joining, "create", services)
    assert shown(joining) == {"project", "email", "name", "password", "code", "team"}
    assert "Be kind." in joining.form.findChildren(QPlainTextEdit)[0].toPlainText()
    assert joining.form.fields["password"].accessibleName() == "A new password, at least 8 characters"
    assert joining.form.fields["password"].echoMode() is QLineEdit.EchoMode.Password
    fill(joining, email="ada@example.org", name="Ada", password=SECRET, team="Physics class 10b", code="welcome")
    assert not wizard.next.isEnabled()
    joining.form.accept.setChecked(True)
    assert wizard.next.isEnabled()
    QTest.keyClick(joining.form.fields["name"], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: wizard.current.step is Step.PRIVACY)
    (signup,) = services.signups
    assert (signup.way, signup.email, signup.name, signup.password, signup.team, signup.invite_code, signup.consent) == (
        Way.CREATE,
        "ada@example.org",
        "Ada",
        SECRET,
        "Physics class 10b",
        "welcome",
        True,
    )
    assert joining.form.fields["password"].text() == ""
    assert services.place == Setup(step=Step.ACCOUNT)  # the key is nowhere but in this process: who comes back chooses again
    assert KEY not in repr(wizard.run)
    until_says(qtbot, wizard, "It goes to LHC@home, and to nobody else.")
    click(wizard, "Show what this computer says of itself")
    until_says(qtbot, wizard, "Intel Core i5")
    click(wizard, "Hide it")
    assert not says(wizard, "Intel Core i5")
    click(wizard, "Agree and start")
    qtbot.waitUntil(lambda: wizard.current.step is Step.FIRST_RESULT)
    assert services.attached == [(KEY, Keep.KEYRING, "")]
    assert services.place == Setup(step=Step.FIRST_RESULT, finished=2)
    assert wizard.run.account is None


def test_signing_in_asks_for_less_and_can_fail(qtbot: QtBot, window: Window, services: ScriptedServices, joining: Joining) -> None:
    wizard = wizard_of(window)
    choose(qtbot, joining, "log_in", services)
    assert shown(joining) == {"project", "email", "password", "team"}
    assert joining.form.accept.isHidden()
    QTest.keyClick(joining.form.fields["email"], Qt.Key.Key_Return)  # nothing to send yet
    fill(joining, email="ada@example.org", password=SECRET)
    services.refuse_with = EmailInUse(email="ada@example.org")
    click(wizard, "Continue")
    until_says(qtbot, wizard, "ada@example.org")
    assert wizard.current is joining
    services.refuse_with = None
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: wizard.current.step is Step.PRIVACY)
    assert services.signups[-1].way is Way.LOG_IN
    assert not services.signups[-1].consent


def test_a_key_is_as_good(qtbot: QtBot, window: Window, services: ScriptedServices, joining: Joining) -> None:
    wizard = wizard_of(window)
    choose(qtbot, joining, "key", services)
    assert shown(joining) == {"project", "account_key", "team"}
    fill(joining, account_key=KEY)
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: wizard.current.step is Step.PRIVACY)
    assert services.signups[-1].key == KEY


def test_the_account_of_boinc_on_this_computer_is_offered(qtbot: QtBot, window: Window, services: ScriptedServices, joining: Joining) -> None:
    wizard = wizard_of(window)
    services.offered = replace(OFFER, other=OTHER, runs_beside=True)
    choose(qtbot, joining, "log_in", services)
    assert joining.radios["other"].text() == "Use Ada’s account from BOINC"
    assert says(wizard, "stop it there first")
    joining.radios["other"].setChecked(True)
    assert shown(joining) == {"project", "team"}
    assert wizard.next.isEnabled()
    services.offered = OFFER  # another project, where BOINC has none
    fill(joining, project=URL)
    joining.form.project_changed.emit()
    qtbot.waitUntil(lambda: joining.way == "log_in")
    assert joining.radios["other"].isHidden()


def test_an_invitation_says_project_team_and_code(qtbot: QtBot, services: ScriptedServices, joining: Joining) -> None:
    choose(qtbot, joining, "create", services)
    code = joining.form.fields["code"]
    code.setText("https://boinc.example.org/theory/team_display.php?teamid=42&invite_code=abc")
    code.editingFinished.emit()
    qtbot.waitUntil(lambda: services.asked[-1] == "offer https://boinc.example.org/theory/")
    assert joining.form.fields["project"].text() == "https://boinc.example.org/theory/"
    assert (joining.form.fields["team"].text(), code.text()) == ("42", "abc")
    code.editingFinished.emit()
    assert code.text() == "abc"


def test_a_team_is_looked_up_before_it_is_joined(qtbot: QtBot, window: Window, services: ScriptedServices, joining: Joining) -> None:
    wizard = wizard_of(window)
    choose(qtbot, joining, "log_in", services)
    assert "Look the team up" not in buttons(wizard)
    fill(joining, team="42")
    assert "Look the team up" not in buttons(wizard)
    fill(joining, team="physics CLASS 10b")
    click(wizard, "Look the team up")
    until_says(qtbot, wizard, "You will join “Physics class 10b”.")
    services.team_names = ()
    fill(joining, team="Nobody")
    assert not says(wizard, "You will join")
    click(wizard, "Look the team up")
    until_says(qtbot, wizard, "Nobody")


def test_a_project_that_does_not_answer_is_asked_again(qtbot: QtBot, window: Window, services: ScriptedServices, joining: Joining) -> None:
    wizard = wizard_of(window)
    services.refuse_with = Unreachable(host="lhcathome.cern.ch", reason="no route to host")
    joining.radios["log_in"].setChecked(True)
    until_says(qtbot, wizard, "lhcathome.cern.ch")
    fill(joining, email="a@example.org", password=SECRET)
    services.refuse_with = None
    click(wizard, "Continue")
    qtbot.waitUntil(lambda: len([one for one in services.asked if one.startswith("offer")]) == 2)
    qtbot.waitUntil(wizard.next.isEnabled)
    services.offered = replace(OFFER, config=replace(OFFER.config, web_stopped=True))
    fill(joining, project="https://stopped.example.org/")
    joining.form.project_changed.emit()
    until_says(qtbot, wizard, "LHC@home")


def test_another_address_that_is_typed_while_the_first_is_asked_counts(qtbot: QtBot, services: ScriptedServices, joining: Joining) -> None:
    joining.form.project_changed.emit()  # no way is chosen: nobody is asked
    assert services.asked == []
    joining.radios["log_in"].setChecked(True)
    fill(joining, project="https://other.example.org/")
    qtbot.waitUntil(lambda: services.asked[-1:] == ["offer https://other.example.org/"])


# --- privacy ---------------------------------------------------------------------------------------------------------


def test_where_the_system_keeps_no_keys_somebody_is_asked(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.ACCOUNT))
    wizard.run.account = Account(found=OFFER, key=KEY)
    wizard._stand_at(Step.PRIVACY)
    page = wizard.current
    assert isinstance(page, Privacy)
    assert page.keeping.isHidden()
    services.refuse_with = KeyringMissing(reason="none")
    click(wizard, "Agree and start")
    qtbot.waitUntil(lambda: not page.keeping.isHidden())
    assert not wizard.next.isEnabled()
    page.keeping.radios[Keep.FILE].setChecked(True)
    assert not wizard.next.isEnabled()
    page.keeping.passphrase.setText("open sesame")
    assert wizard.next.isEnabled()
    services.refuse_with = None
    click(wizard, "Agree and start")
    qtbot.waitUntil(lambda: wizard.current.step is Step.FIRST_RESULT)
    assert services.attached == [(KEY, Keep.FILE, "open sesame")]
    assert page.keeping.passphrase.text() == ""


def test_or_only_until_the_program_ends(qtbot: QtBot, window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.ACCOUNT))
    wizard.run.account = Account(found=OFFER, key=KEY)
    wizard._stand_at(Step.PRIVACY)
    page = wizard.current
    assert isinstance(page, Privacy)
    page.keeping.show()
    page.keeping.radios[Keep.RUN].setChecked(True)
    click(wizard, "Agree and start")
    qtbot.waitUntil(lambda: wizard.current.step is Step.FIRST_RESULT)
    assert services.attached == [(KEY, Keep.RUN, "")]


def test_without_anybody_to_join_there_is_nothing_to_agree_to(window: Window, services: ScriptedServices) -> None:
    wizard = at(window, services, Setup(step=Step.PRIVACY))
    assert not wizard.next.isEnabled()
    wizard.back.click()
    assert services.place.step is Step.ACCOUNT


# --- first result ----------------------------------------------------------------------------------------------------


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
