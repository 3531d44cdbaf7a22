"""The projects' notices, newest first, each new until it was marked as read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.choices import Tick
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Empty
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.wording import projects as project_words
from t4t.wording import screen
from t4t.wording import window as words

if TYPE_CHECKING:
    from t4t.domain.project_view import NewsView, ProjectDetails
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme

_AT_ONCE: Final = 20
_LONGEST: Final = 4000


class NewsCard(Card):
    """One notice."""

    opened = Signal(str)
    """It was read where it is from: its id."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self._link = self._id = ""
        self._title = label("title")
        self._new = label("new", words.word("new"), wraps=False)
        self._date = label("small")
        self._text = label()
        self._open = button(words.word("link"), self._open_link, role="link")
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._new, 0, Qt.AlignmentFlag.AlignTop)
        self.rows.addLayout(head)
        for part in (self._date, self._text):
            self.rows.addWidget(part)
        self.rows.addWidget(self._open, 0, Qt.AlignmentFlag.AlignLeft)

    def fill(self, view: NewsView, project: str) -> None:
        """Show it. The text is not ours: plain, and not endless."""
        self._id = view.id
        self._link = next((link for link in view.links if link.startswith(("https://", "http://"))), "")
        title = words.news_title(view)
        say(self._title, title)
        say(self._date, words.news_date(view, project, reader()))
        say(self._text, "\n".join(screen.plain(line, _LONGEST) for line in view.text[:_LONGEST].splitlines()))
        self._new.setVisible(not view.read)
        self._open.setVisible(bool(self._link))
        self._open.setAccessibleName(f"{words.word('link')}: {title}")
        self.setAccessibleName(title if view.read else f"{words.word('new')}: {title}")

    def _open_link(self) -> None:
        QDesktopServices.openUrl(QUrl(self._link))
        self.opened.emit(self._id)


class News(Page):
    """All notices of all projects."""

    def __init__(self, session: Session, theme: Theme) -> None:
        """Shows the projects of ``session``; asks for the notices when their number changes."""
        super().__init__(theme, words.title("news"))
        self._session = session
        self._told: list[tuple[NewsView, str]] = []
        self._known: tuple[tuple[str, int], ...] | None = None
        self._most = _AT_ONCE
        self._read = button(words.word("read_all"), self._read_all)
        self.head.addWidget(self._read, 0, Qt.AlignmentFlag.AlignTop)
        self._only_new = Tick(theme, words.word("only_new"))
        self._only_new.toggled.connect(lambda _on: self._show())
        self._work = Card(words.word("servers"))
        self._work_text = label()
        self._work.rows.addWidget(self._work_text)
        self._cards: list[NewsCard] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE[2])
        self._empty = Empty(theme, "nav-news")
        self._more = button(words.word("show_more"), self._show_more)
        self.box.addWidget(self._work)
        self.box.addWidget(self._only_new)
        self.box.addLayout(self._list)
        self.box.addWidget(self._more, 0, Qt.AlignmentFlag.AlignHCenter)
        self.box.addWidget(self._empty)
        self.box.addStretch(1)
        session.changed.connect(self.refresh)
        session.projects_told.connect(self._take)
        self.refresh()

    def refresh(self) -> None:
        """Ask for the notices where they can have changed."""
        view = self._session.view
        known = None if view is None else tuple((project.url, project.unread) for project in view.projects)
        if known != self._known:
            self._known = known
            if known:
                self._session.ask_projects()
            else:
                self._told = []
        self._show()

    def arrive(self) -> None:
        """Look anew."""
        if self._known:
            self._session.ask_projects()

    def _take(self, details: list[ProjectDetails]) -> None:
        told = [(news, one.project.name) for one in details for news in one.news]
        self._told = sorted(told, key=lambda pair: -pair[0].time)
        self._show()

    def _show(self) -> None:
        self._show_work()
        unread = any(not news.read for news, _ in self._told)
        self._only_new.setVisible(unread or self._only_new.isChecked())
        wanted = [one for one in self._told if not (self._only_new.isChecked() and one[0].read)]
        shown = wanted[: self._most]
        while len(self._cards) < len(shown):
            card = NewsCard()
            card.opened.connect(lambda name: self._session.mark_read((name,)))
            self._list.addWidget(card)
            self._cards.append(card)
        for number, card in enumerate(self._cards):
            card.setVisible(number < len(shown))
            if number < len(shown):
                card.fill(*shown[number])
        self._more.setVisible(len(wanted) > self._most)
        self._read.setVisible(unread)
        self._empty.setVisible(not wanted)
        if self._session.view is None:
            self._empty.fill(screen.gone().sentence if self._session.lost is not None else screen.connecting().sentence, words.word("not_running_text"))
        elif self._told:
            self._empty.fill(words.word("all_read"))
        else:
            self._empty.fill(words.word("no_news"), words.word("no_news_text"))

    def _show_work(self) -> None:
        """Why there is no work, where a project said so: that is news too, and nobody's fault here."""
        view = self._session.view
        lines = [line for project in (() if view is None else view.projects) for line in project_words.no_work(project, reader(), in_window=True)]
        say(self._work_text, "\n".join(lines))
        self._work.setVisible(bool(lines))

    def _show_more(self) -> None:
        self._most += _AT_ONCE
        self._show()

    def _read_all(self) -> None:
        self._session.mark_read(tuple(news.id for news, _ in self._told if not news.read))
