"""What leaves this computer, on one screen, and what never does; with the click that agrees the work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QLineEdit, QRadioButton

from t4t.domain.project_errors import KeyringLocked, KeyringMissing
from t4t.domain.project_view import Keep
from t4t.domain.setting_up import Step
from t4t.gui.background import Background
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.parts import Facts
from t4t.gui.wizard.step import StepPage
from t4t.wording import window as pages
from t4t.wording import wizard as words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from t4t.domain.errors import T4TError
    from t4t.gui.theme.style import Theme
    from t4t.gui.wizard.step import Run


class Keeping(Card):
    """Where the key goes when the system has no place for keys; seen only then."""

    def __init__(self, changed: Callable[[], object]) -> None:
        """Nothing is chosen for anybody."""
        super().__init__(words.word("key_where"))
        self._group = QButtonGroup(self)
        self.radios = {keep: QRadioButton(words.word(f"key_{keep.value}")) for keep in (Keep.FILE, Keep.RUN)}
        self.passphrase = QLineEdit()
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.setPlaceholderText(words.word("passphrase"))
        self.passphrase.setAccessibleName(words.word("passphrase"))
        self.passphrase.hide()
        for keep, radio in self.radios.items():
            radio.setAccessibleName(radio.text())
            self._group.addButton(radio)
            self.rows.addWidget(radio)
            radio.toggled.connect(lambda _on: self.passphrase.setVisible(self.keep is Keep.FILE))
            radio.toggled.connect(lambda _on: changed())
            if keep is Keep.FILE:
                self.rows.addWidget(self.passphrase)
        self.passphrase.textChanged.connect(lambda _text: changed())
        self.hide()

    @property
    def keep(self) -> Keep | None:
        """What was chosen."""
        return next((keep for keep, radio in self.radios.items() if radio.isChecked()), None)

    @property
    def answered(self) -> bool:
        """Whether it is known where the key goes; where nobody is asked it is."""
        return self.isHidden() or self.keep is Keep.RUN or (self.keep is Keep.FILE and bool(self.passphrase.text()))


class Privacy(StepPage):
    """The fifth screen."""

    def __init__(self, theme: Theme, run: Run) -> None:
        """Filled when it comes into view."""
        super().__init__(theme, run, Step.PRIVACY, words.word("privacy_below"))
        self._needed = Card(words.word("needed"))
        self._to = label()
        self._show = button(words.word("show_sent"), self._toggle, role="link")
        self._facts = Facts()
        self._facts.hide()
        for part in (self._to, label("muted", words.word("needed_text"))):
            self._needed.rows.addWidget(part)
        self._needed.rows.addWidget(self._show, 0, Qt.AlignmentFlag.AlignLeft)
        self._needed.rows.addWidget(self._facts)
        self._stays = Card(words.word("demo_stays"))
        self._stays.rows.addWidget(label("muted", words.word("demo_stays_text")))
        never = Card(words.word("never"))
        never.rows.addWidget(label("muted", words.word("never_text")))
        self.keeping = Keeping(self.changed.emit)
        self._doing = label("muted")
        say(self._doing, "")
        for card in (self._needed, self._stays, never, self.keeping):
            self.box.addWidget(card)
        self.box.addWidget(self._doing)
        self.box.addWidget(self.note)
        self.box.addStretch(1)
        self._asking = Background(self)
        self._asking.done.connect(self._told)
        self._asking.failed.connect(self._failed)
        self._starting = Background(self)
        self._starting.done.connect(self._started)
        self._starting.failed.connect(self._failed)

    @property
    def next_text(self) -> str:
        """See `StepPage`."""
        return words.word("agree")

    @property
    def may_go(self) -> bool:
        """Once there is somebody to join, and a place for the key."""
        return (self.run.setup.demo or self.run.account is not None) and self.keeping.answered and not self._starting.busy

    @property
    def may_leave(self) -> bool:
        """See `StepPage`."""
        return not self._starting.busy

    def arrive(self) -> None:
        """Say what this way sends."""
        say(self.note, "")
        account, demo, services = self.run.account, self.run.setup.demo, self.run.services
        self._needed.setVisible(not demo)
        self._stays.setVisible(demo)
        if demo:
            self.keeping.hide()
        elif account is not None:
            say(self._to, words.sent_to(account.found.config.name))
            self._asking.start(lambda _tell: services.sent())

    def go(self) -> None:
        """Join, and let the work begin."""
        account, demo, services = self.run.account, self.run.setup.demo, self.run.services
        keep = Keep.KEYRING if self.keeping.isHidden() else self.keeping.keep or Keep.RUN
        passphrase = self.keeping.passphrase.text() if keep is Keep.FILE else ""
        view = self.run.session.view
        self.run.change(finished=0 if view is None else view.finished)

        def work(_tell: object) -> None:
            if demo:
                services.try_demo()
            elif account is not None:
                services.attach(account.found, account.key, keep, passphrase)

        if self._starting.start(work):
            say(self.note, "")
            say(self._doing, words.word("opening" if demo else "joining"))
            self.changed.emit()

    def _told(self, values: Sequence[tuple[str, object]]) -> None:
        self._facts.fill(words.sent(values))

    def _toggle(self) -> None:
        shown = self._facts.isHidden()
        self._facts.setVisible(shown)
        self._show.setText(words.word("hide_sent" if shown else "show_sent"))
        self._show.setAccessibleName(self._show.text())

    def _started(self, _nothing: object) -> None:
        say(self._doing, "")
        self.keeping.passphrase.setText("")
        self.run.account = None
        self.passed.emit()

    def _failed(self, error: T4TError) -> None:
        say(self._doing, "")
        say(self.note, pages.went_wrong(error))
        if isinstance(error, KeyringMissing | KeyringLocked):
            self.keeping.show()
        self.changed.emit()
