"""The first run's accounts and privacy: each way in, and each refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from support.first_run_rig import KEY, OFFER, OTHER
from support.scripted_projects import URL
from support.widgets import buttons, click, texts
from support.wizard_screens import SECRET, at, says, until_says
from t4t.domain.project_errors import EmailInUse, KeyringMissing, Unreachable
from t4t.domain.project_view import Keep
from t4t.domain.setting_up import Setup, Step
from t4t.domain.signup import Way
from t4t.gui.wizard.frame import Wizard
from t4t.gui.wizard.joining import Joining
from t4t.gui.wizard.privacy import Privacy
from t4t.gui.wizard.step import Account

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from support.window_rig import ScriptedServices
    from t4t.gui.window.main import Window


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
