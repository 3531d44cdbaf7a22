"""What volunteers of a project talk about: the newest threads of its message boards, read when somebody wishes, each with the way to it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from t4t.domain.boards import BoardsView
from t4t.domain.errors import T4TError
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.parts import Across
from t4t.gui.components.rows import Rows
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.wording import community as words
from t4t.wording import screen
from t4t.wording import window as window_words
from t4t.wording.notices import notice

if TYPE_CHECKING:
    from t4t.domain.boards import Thread
    from t4t.gui.session import Session

_AT_ONCE: Final = 5


class ThreadRow(QWidget):
    """One thread. Its words are strangers': plain text, and the link is opened in the browser."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self._link = ""
        self._title, self._place, self._text = label("name"), label("small"), label()
        self._open = button(window_words.word("link"), lambda: QDesktopServices.openUrl(QUrl(self._link)), role="link")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, SPACE[0], 0, SPACE[0])
        box.setSpacing(2)
        for part in (self._title, self._place, self._text):
            box.addWidget(part)
        box.addWidget(self._open, 0, Qt.AlignmentFlag.AlignLeft)

    def fill(self, thread: Thread) -> None:
        """Show it."""
        self._link = thread.link
        say(self._title, words.thread_title(thread))
        say(self._place, words.thread_place(thread, reader()))
        say(self._text, words.thread_text(thread))
        self._open.setAccessibleName(f"{window_words.word('link')}: {words.thread_title(thread)}")
        self.setAccessibleName(words.spoken_thread(thread, reader()))


def _fill(row: QWidget, thread: Thread) -> None:
    if isinstance(row, ThreadRow):
        row.fill(thread)


class BoardsCard(Card):
    """Of one project at a time."""

    def __init__(self, session: Session) -> None:
        """Asks nobody before `look`."""
        super().__init__(words.word("boards"))
        self._session = session
        self._url = ""
        self._asking: set[str] = set()
        self._told: dict[str, BoardsView | T4TError] = {}
        self._all = False
        self._as_of, self._trouble = label("muted"), label("muted")
        self._fetch = button("", self._ask)
        self._rows: Rows[Thread] = Rows(ThreadRow, _fill)
        self._more = button(window_words.word("show_more"), self._show_all, role="link")
        links = [button(words.word(key), functools.partial(self._open, page), role="link") for key, page in words.BOARDS.items()]
        self.rows.addWidget(label("muted", words.word("boards_text")))
        for part in (self._as_of, self._rows):
            self.rows.addWidget(part)
        self.rows.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows.addWidget(self._trouble)
        self.rows.addWidget(self._fetch, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows.addWidget(Across(*links, space=SPACE[3]))
        session.boards_told.connect(self._take)
        self._show()

    def show_project(self, url: str) -> None:
        """Show what is here of the project at ``url``; nobody is asked for it over the network."""
        if url != self._url:
            self._url, self._all = url, False
        if url and url not in self._asking:
            self._session.ask_boards(url, fetch=False)
        self._show()

    def forget_questions(self) -> None:
        """The agent that was asked is gone."""
        self._asking.clear()
        self._show()

    def _ask(self) -> None:
        self._asking.add(self._url)
        self._session.ask_boards(self._url, fetch=True)
        self._show()

    def _take(self, url: str, told: BoardsView | T4TError) -> None:
        if not (isinstance(told, BoardsView) and told.trouble is None and not told.fresh):  # else what had been asked before
            self._asking.discard(url)
        before = self._told.get(url)
        if isinstance(told, BoardsView) or not isinstance(before, BoardsView) or before.boards is None:
            self._told[url] = told
        self._show()

    def _show(self) -> None:
        told = self._told.get(self._url, BoardsView())
        found = told.boards if isinstance(told, BoardsView) else None
        asking = self._url in self._asking
        threads = () if found is None else found.threads
        say(self._as_of, "" if found is None else words.boards_as_of(found, reader()))
        self._rows.show_all(threads if self._all else threads[:_AT_ONCE])
        self._rows.setVisible(bool(threads))
        self._more.setVisible(len(threads) > _AT_ONCE and not self._all)
        self._fetch.setText(words.word("boards_fetch" if found is None else "boards_newer"))
        self._fetch.setAccessibleName(self._fetch.text())
        self._fetch.setVisible(not (isinstance(told, BoardsView) and told.fresh))
        self._fetch.setEnabled(not asking)
        say(self._trouble, words.word("boards_asking") if asking else _trouble(told))

    def _show_all(self) -> None:
        self._all = True
        self._show()

    def _open(self, page: str) -> None:
        QDesktopServices.openUrl(QUrl(self._url).resolved(QUrl(page)))


def _trouble(told: BoardsView | T4TError) -> str:
    """Why there is nothing newer; empty if that is not known."""
    if isinstance(told, T4TError):
        found = notice(told, in_window=True)
    elif told.trouble is not None:
        found = screen.read(told.trouble)
    else:
        return ""
    return " ".join(part for part in (f"{found.title}.", found.body) if part)
