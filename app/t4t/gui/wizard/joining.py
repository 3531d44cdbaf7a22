"""For whom the work is counted: an account of a project, or the demo without one. Here an account is found or made; the project is joined at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QButtonGroup, QRadioButton

from t4t.domain.project_errors import ProjectDown, TeamUnknown
from t4t.domain.setting_up import Step
from t4t.domain.signup import ProjectOffer, Way
from t4t.gui.background import Background
from t4t.gui.components.basic import Card, label, say
from t4t.gui.wizard.form import Form
from t4t.gui.wizard.step import Account, StepPage
from t4t.wording import window as pages
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from t4t.domain.errors import T4TError
    from t4t.gui.theme.style import Theme
    from t4t.gui.wizard.step import Run

DEMO: Final = "demo"
_WAYS: Final = {"create": Way.CREATE, "log_in": Way.LOG_IN, "key": Way.KEY, "other": Way.OTHER_CLIENT}


@dataclass(frozen=True, slots=True)
class _Offered:
    """What a project said, and which address it was asked at."""

    address: str
    found: ProjectOffer


class Joining(StepPage):
    """The fourth screen."""

    def __init__(self, theme: Theme, run: Run) -> None:
        """Nothing is chosen, and nobody is asked."""
        super().__init__(theme, run, Step.ACCOUNT, words.word("account_below"))
        self._offered: _Offered | None = None
        ways = Card()
        self._group = QButtonGroup(self)
        self.radios: dict[str, QRadioButton] = {}
        for key in (*_WAYS, DEMO):
            radio = self.radios[key] = QRadioButton(words.word(key))
            radio.setAccessibleName(words.word(key))
            self._group.addButton(radio)
            radio.toggled.connect(self._chosen)
            ways.rows.addWidget(radio)
        self.radios["other"].hide()
        self._demo_text = label("muted", words.word("demo_text"))
        ways.rows.addWidget(self._demo_text)
        self.form = Form(theme)
        self.form.hide()
        self._found = label("muted")
        say(self._found, "")
        for part in (ways, self.form, self._found, self.note):
            self.box.addWidget(part)
        self.box.addStretch(1)
        self.form.changed.connect(self.changed)
        self.form.submitted.connect(self._submit)
        self.form.project_changed.connect(self._ask)
        self.form.team_asked.connect(self._look_up)
        self._asking = Background(self)
        self._asking.done.connect(self._told)
        self._asking.failed.connect(self._failed)
        self._joining = Background(self)
        self._joining.done.connect(self._joined)
        self._joining.failed.connect(self._failed)
        self._looking_up = Background(self)
        self._looking_up.done.connect(self._team)
        self._looking_up.failed.connect(self._failed)

    @property
    def way(self) -> str:
        """Which one is chosen; empty: none."""
        return next((key for key, radio in self.radios.items() if radio.isChecked()), "")

    @property
    def may_go(self) -> bool:
        """Once all is said that is needed."""
        if self.way == DEMO:
            return True
        return bool(self.way) and self.form.complete and not self._asking.busy and not self._joining.busy

    def arrive(self) -> None:
        """Where only the demo can run, nothing else is offered."""
        say(self.note, "")
        for key in ("create", "log_in", "key"):
            self.radios[key].setVisible(not self.run.only_demo)
        if self.run.only_demo:
            self.say_below(words.word("only_demo"))
            self.radios[DEMO].setChecked(True)

    def depart(self) -> None:
        """What is secret does not stay on a screen that nobody sees."""
        self.form.forget()

    def go(self) -> None:
        """Find the account, or make it; the demo needs none."""
        say(self.note, "")
        if self.way == DEMO:
            self.run.account = None
            self.run.change(demo=True)
            self.passed.emit()
            return
        offered, signup, services = self._offered, self.form.signup(), self.run.services
        if offered is None:  # it did not answer before: once more
            self._ask()
        elif self._joining.start(lambda _tell: Account(found=offered.found, key=services.account_key(offered.found, signup))):
            say(self._found, words.word("asking"))
            self.changed.emit()

    def _submit(self) -> None:
        if self.may_go:
            self.go()

    # --- the project -------------------------------------------------------------------------------------------------

    def _chosen(self) -> None:
        way = self.way
        self.form.setVisible(way in _WAYS)
        if way in _WAYS:
            self.form.show_way(_WAYS[way])
            if self._offered is None or self._offered.address != self.form.address:
                self._ask()
        self.changed.emit()

    def _ask(self) -> None:
        """What the project that is meant says of itself; nobody is asked before somebody wants an account there."""
        address, services = self.form.address, self.run.services
        if self.way not in _WAYS or not self._asking.start(lambda _tell: _Offered(address, services.offer(address))):
            return
        self._offered = None
        say(self.note, "")
        say(self._found, words.word("asking"))
        self.changed.emit()

    def _told(self, told: object) -> None:
        if not isinstance(told, _Offered):
            return
        if told.address != self.form.address:  # another one is meant meanwhile
            self._ask()
            return
        say(self._found, words.word("runs_beside") if told.found.runs_beside else "")
        if told.found.config.web_stopped:
            self._failed(ProjectDown(project=told.found.config.name, message=""))
            return
        self._offered = told
        self.form.show_config(told.found.config)
        other = told.found.other
        self.radios["other"].setVisible(other is not None)
        if other is not None:
            self.radios["other"].setText(words.other_account(other.user_name))
            self.radios["other"].setAccessibleName(words.other_account(other.user_name))
        elif self.radios["other"].isChecked():
            self.radios["log_in"].setChecked(True)
        self.changed.emit()

    def _look_up(self, name: str) -> None:
        address, services = self.form.address, self.run.services

        def work(_tell: object) -> object:
            found = next((team for team in services.teams(address, name) if team.name.casefold() == name.casefold()), None)
            if found is None:
                raise TeamUnknown(team=name)
            return words.team_found(found)

        if self._looking_up.start(work):
            say(self.note, "")

    def _team(self, sentence: object) -> None:
        say(self.form.team, str(sentence))

    def _joined(self, account: object) -> None:
        if isinstance(account, Account):
            self.run.account = account
            self.run.change(demo=False)
            say(self._found, words.joined(account.found.config.name))
            self.form.forget()
            self.passed.emit()

    def _failed(self, error: T4TError) -> None:
        say(self._found, "")
        say(self.form.team, "")
        say(self.note, pages.went_wrong(error))
        self.changed.emit()
