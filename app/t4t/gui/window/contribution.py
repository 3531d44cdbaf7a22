"""What this computer has done, and what the projects make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout

from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Across, Empty, Facts, Stat
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.gui.window.over_time import OverTime
from t4t.wording import contribution, costs, screen, wizard
from t4t.wording import projects as project_words
from t4t.wording import window as words

if TYPE_CHECKING:
    from t4t.domain.contribution import Contribution as Work
    from t4t.domain.errors import T4TError
    from t4t.domain.project_view import ProjectView
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme


class ProjectCard(Card):
    """One project: what it credits, who works for it, what it is doing, why there is no work."""

    def __init__(self, session: Session) -> None:
        """Empty."""
        super().__init__()
        self._session = session
        self._url = ""
        self._name = label("title")
        self._total, self._day, self._here = (Stat(words.word(key), wraps=False) for key in ("credit", "credit_a_day", "credit_here"))
        self._facts = Facts()
        self._said = label("muted")
        contact = button(words.word("contact_now"), lambda: self._session.contact(self._url))
        website = button(words.word("website"), lambda: QDesktopServices.openUrl(QUrl(self._url)), role="link")
        self.rows.addWidget(self._name)
        self.rows.addWidget(Across(self._total, self._day, self._here, space=SPACE[5]))
        self.rows.addWidget(self._facts)
        self.rows.addWidget(self._said)
        self.rows.addWidget(Across(contact, website))

    def fill(self, view: ProjectView) -> None:
        """Show it."""
        self._url = view.url
        say(self._name, screen.plain(view.name))
        self._total.fill(words.number(view.user_total))
        self._day.fill(words.number(view.user_recent))
        self._here.fill(words.number(view.host_total))
        self._facts.fill(words.project_facts(view, reader()))
        say(self._said, "\n".join(project_words.no_work(view, reader(), in_window=True)))
        self.setAccessibleName(screen.plain(view.name))


class Contribution(Page):
    """One card of our own, one for each project."""

    page_asked = Signal(str)
    """Another page would help."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Shows ``session``."""
        super().__init__(theme, words.title("contribution"), words.word("contribution_below"))
        self._session = session
        self._trouble = Card(role="banner")
        self._trouble_text = label()
        self._trouble.rows.addWidget(self._trouble_text)
        self._trouble.hide()
        self._own = Card()
        self._finished = Stat(words.word("tasks_done"), wraps=False)
        self._electricity = Stat(words.word("electricity"))
        self._collisions, self._hours = (Stat(contribution.word(key), wraps=False) for key in ("collisions", "hours"))
        self._own.rows.addWidget(Across(self._finished, self._collisions, self._hours, self._electricity, space=SPACE[5]))
        self._costs = Card(words.word("costs"))
        self._spent = Facts()
        self._how = label("muted")
        self._costs.rows.addWidget(self._spent)
        self._costs.rows.addWidget(self._how)
        self._seen: object = None
        """What the chart was asked for; another number of tasks or credits has changed it."""
        self._cards: list[ProjectCard] = []
        self._projects = QVBoxLayout()
        self._projects.setSpacing(SPACE[3])
        self._empty = Empty(theme, "nav-contribution")
        self._join = button(wizard.word("again"), lambda: self.page_asked.emit("setup"))
        self._empty.box.addWidget(self._join, 0, Qt.AlignmentFlag.AlignHCenter)
        self.over_time = OverTime(session, theme)
        for part in (self._trouble, self._own, self._costs, self.over_time):
            self.box.addWidget(part)
        self.box.addLayout(self._projects)
        self.box.addWidget(self._empty)
        self.box.addStretch(1)
        session.changed.connect(self.refresh)
        session.refused.connect(self._refused)
        session.contribution_told.connect(self._take)
        self.refresh()

    def refresh(self) -> None:
        """Show what is now."""
        view = self._session.view
        self._own.setVisible(view is not None)
        self.over_time.setVisible(view is not None)
        seen = None if view is None else (view.finished, tuple((project.url, project.user_total, project.host_total) for project in view.projects))
        if self.isVisible() and (seen != self._seen or self.over_time.is_old):
            self._seen = seen
            self.over_time.ask()
        if view is not None:
            self._finished.fill(words.count(view.finished))
            self._electricity.setVisible(view.spent is not None)
            if view.spent is not None:
                self._electricity.fill(costs.energy_and_money(view.spent.month))
                self._spent.fill(costs.facts(view.spent))
                say(self._how, costs.how_known(view.spent.month))
        self._costs.setVisible(view is not None and view.spent is not None)
        projects = () if view is None else view.projects
        while len(self._cards) < len(projects):
            card = ProjectCard(self._session)
            self._projects.addWidget(card)
            self._cards.append(card)
        for number, card in enumerate(self._cards):
            card.setVisible(number < len(projects))
            if number < len(projects):
                card.fill(projects[number])
        self._empty.setVisible(not projects)
        self._join.setVisible(view is not None)
        if view is None:
            self._empty.fill(screen.gone().sentence if self._session.lost is not None else screen.connecting().sentence, words.word("not_running_text"))
        else:
            self._empty.fill(words.word("no_project"), words.word("no_project_text"))

    def _take(self, work: Work) -> None:
        for stat, total in zip((self._collisions, self._hours), contribution.totals(work), strict=True):
            stat.fill(total)
            stat.setVisible(total != "0")

    def _refused(self, error: T4TError) -> None:
        say(self._trouble_text, words.went_wrong(error))
        self._trouble.setVisible(self.isVisible())

    def arrive(self) -> None:
        """What was refused on another page is over, and the days may have grown."""
        self._trouble.hide()
        self.over_time.ask()
