"""All volunteers of a project: how many, where, who is new; asked for only when somebody wishes, and shown with the date that it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from t4t.domain.community import CommunityView
from t4t.domain.errors import T4TError
from t4t.domain.project_errors import MeteredLink
from t4t.domain.world import placed
from t4t.gui.components.basic import Card, button, label, say
from t4t.gui.components.boxes import ChoiceBox
from t4t.gui.components.chart_panel import ChartPanel
from t4t.gui.components.choices import Tick
from t4t.gui.components.page import Page
from t4t.gui.components.parts import Across, Empty, Stat
from t4t.gui.components.table import Table
from t4t.gui.components.world_map import Legend, WorldMap
from t4t.gui.session import reader
from t4t.gui.theme.tokens import SPACE
from t4t.gui.window.boards_card import BoardsCard
from t4t.wording import community as words
from t4t.wording import screen
from t4t.wording import window as window_words
from t4t.wording.notices import notice

if TYPE_CHECKING:
    from t4t.domain.community import Community
    from t4t.domain.project_view import ProjectView
    from t4t.domain.world import World
    from t4t.gui.session import Session
    from t4t.gui.theme.style import Theme
    from t4t.gui.window.services import WindowServices

_COLUMNS: Final = 4
_LETTERS: Final = 16
"""Of a country's name that are seen at once in any case."""


class MapCard(Card):
    """The map, where who wishes is marked, and the same as a table."""

    def __init__(self, theme: Theme, world: World) -> None:
        """Without numbers."""
        super().__init__(words.word("map"))
        self._world = world
        self._users: dict[str, int] = {}
        self.map = WorldMap(theme, self._world)
        self._legend = Legend(theme, self.map)
        self._under = label("small", words.word("map_hint"))
        self._nowhere = label("muted")
        self.tick = Tick(theme, words.word("here"))
        self.tick.toggled.connect(self._mark)
        self.where = ChoiceBox()
        self.where.setAccessibleName(words.word("which_here"))
        self.where.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.where.setMinimumContentsLength(_LETTERS)
        self.where.addItems(sorted(shape.name for shape in self._world.countries))
        self.where.currentTextChanged.connect(self._mark)
        self.where.hide()
        self._private = label("muted", words.word("here_text"))
        self._as_table = button(words.word("table"), self._toggle, role="link")
        self.table = Table(_COLUMNS, most=12)
        self.table.setAccessibleName(words.word("map"))
        self.table.hide()
        self._rows: list[tuple[str, str, str, str]] = []
        if not self._world.countries:
            self._under.setText(words.word("not_read"))
        for part in (self.map, self._legend, self._under, self._nowhere, Across(self.tick, self.where, space=SPACE[2]), self._private):
            self.rows.addWidget(part)
        self.rows.addWidget(self._as_table, 0, Qt.AlignmentFlag.AlignLeft)
        self.rows.addWidget(self.table)
        self.map.pointed.connect(self._tell)

    def fill(self, community: Community) -> None:
        """Show where they are."""
        self._users, nowhere = placed(self._world, community.countries)
        most = max(self._users.values(), default=0)
        self.map.fill(self._users, words.spoken_map(self._users, nowhere))
        self._legend.fill(window_words.count(min(1, most)), words.people(most), most)
        say(self._nowhere, words.off_map(nowhere))
        self._rows = words.rows(community)
        if not self.table.isHidden():
            self.table.fill(words.heads(), self._rows)

    def _tell(self, name: str) -> None:
        self._under.setText(words.at_country(name, self._users.get(name, 0)) if name else words.word("map_hint"))

    def _mark(self, _change: object) -> None:
        self.where.setVisible(self.tick.isChecked())
        self.map.mark(self.where.currentText() if self.tick.isChecked() else "")

    def _toggle(self) -> None:
        shows = self.table.isHidden()
        self._as_table.setText(words.word("hide_table" if shows else "table"))
        self._as_table.setAccessibleName(self._as_table.text())
        if shows:
            self.table.fill(words.heads(), self._rows)
        self.table.setVisible(shows)


class CommunityPage(Page):
    """One project at a time."""

    def __init__(self, session: Session, theme: Theme, services: WindowServices) -> None:
        """Asks nobody but the agent before somebody clicks."""
        super().__init__(theme, window_words.title("community"), words.word("below"))
        self._session = session
        self._asking = ""
        """The address of the project that is being asked."""
        self._agreed = False
        self._told: dict[str, CommunityView | T4TError] = {}
        self._which = ChoiceBox()
        self._which.setAccessibleName(words.word("which"))
        self._which.activated.connect(lambda _number: self._look())
        self._numbers = Card()
        self._stats = {key: Stat(words.word(key)) for key in ("volunteers", "with_credit", "active", "hosts")}
        self._as_of, self._places = label("title"), label()
        self._numbers.rows.addWidget(self._as_of)
        self._numbers.rows.addWidget(Across(*self._stats.values(), space=SPACE[5]))
        self._numbers.rows.addWidget(self._places)
        self._trouble = label("muted")
        self._fetch = button("", self._ask)
        self.map_card = MapCard(theme, services.world())
        joined = Card(words.word("joined"))
        self.joined = ChartPanel(theme, own=False)
        joined.rows.addWidget(self.joined)
        self.boards = BoardsCard(session)
        self._known = (self._numbers, self.map_card, joined)
        self._empty = Empty(theme, "nav-community")
        self.box.addWidget(self._which, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self._empty, self._numbers, self._trouble):
            self.box.addWidget(part)
        self.box.addWidget(self._fetch, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self.map_card, joined, self.boards):
            self.box.addWidget(part)
        self.box.addStretch(1)
        session.changed.connect(self.refresh)
        session.community_told.connect(self._take)
        self.refresh()

    def arrive(self) -> None:
        """Look at what is here; nobody is asked for it over the network."""
        self._look()

    def refresh(self) -> None:
        """The projects may be others."""
        view = self._session.view
        known = [] if view is None else [(project.url, screen.plain(project.name)) for project in view.projects]
        if known != [(self._which.itemData(number), self._which.itemText(number)) for number in range(self._which.count())]:
            before = self._url
            self._which.clear()
            for url, name in known:
                self._which.addItem(name, url)
            self._which.setCurrentIndex(max(0, self._which.findData(before)) if known else -1)
            if self.isVisible():
                self._look()
        if view is None:
            self._asking = ""
            self.boards.forget_questions()
        self._show()

    @property
    def _url(self) -> str:
        return str(self._which.currentData() or "")

    def _look(self) -> None:
        if self._url and self._asking != self._url:
            self._session.ask_community(self._url, fetch=False)
        self.boards.show_project(self._url)
        self._show()

    def _ask(self) -> None:
        self._asking = self._url
        self._show()
        self._session.ask_community(self._url, fetch=True, agreed=self._agreed)

    def _take(self, url: str, told: CommunityView | T4TError) -> None:
        before = self._told.get(url)
        if self._asking == url and isinstance(told, CommunityView) and told.trouble is None and not told.fresh:
            pass  # what had been asked before: the project's own answer is still on its way
        elif self._asking == url:
            self._asking = ""
        if isinstance(told, CommunityView) or not isinstance(before, CommunityView) or before.community is None:
            self._told[url] = told
        self._show(anew=True)

    def _project(self) -> ProjectView | None:
        view = self._session.view
        return None if view is None else next((project for project in view.projects if project.url == self._url), None)

    def _show(self, *, anew: bool = False) -> None:
        project, told = self._project(), self._told.get(self._url, CommunityView())
        found = told.community if isinstance(told, CommunityView) and project is not None else None
        asking = bool(self._asking) and self._asking == self._url
        self._which.setVisible(self._which.count() > 1)
        for card in self._known:
            card.setVisible(found is not None)
        self.boards.setVisible(project is not None)
        self._fetch.setVisible(project is not None and not (isinstance(told, CommunityView) and told.fresh))
        self._fetch.setEnabled(not asking)
        if project is None:
            self._show_nothing()
            return
        trouble = _trouble(told)
        self._agreed = _is_metered(told)
        key = "agree" if self._agreed else "fetch" if found is None else "fetch_newer"
        self._fetch.setText(words.word(key))
        self._fetch.setAccessibleName(words.word(key))
        say(self._trouble, words.asking(project.name) if asking else trouble)
        self._empty.setVisible(found is None)
        self.box.setAlignment(self._fetch, Qt.AlignmentFlag.AlignLeft if found is not None else Qt.AlignmentFlag.AlignHCenter)
        self._trouble.setAlignment(Qt.AlignmentFlag.AlignLeft if found is not None else Qt.AlignmentFlag.AlignHCenter)
        self._empty.fill(words.word("nothing"), words.word("about_fetch"))
        if found is not None and (anew or not self._as_of.text()):
            self._fill(found)
        elif found is not None:
            self._fill_words(found)

    def _show_nothing(self) -> None:
        say(self._trouble, "")
        self._empty.show()
        if self._session.view is None:
            gone = screen.gone() if self._session.lost is not None else screen.connecting()
            self._empty.fill(gone.sentence, window_words.word("not_running_text"))
        else:
            self._empty.fill(window_words.word("no_project"), window_words.word("no_project_text"))

    def _fill_words(self, found: Community) -> None:
        say(self._as_of, words.as_of(found, reader()))
        say(self._places, words.places(found))

    def _fill(self, found: Community) -> None:
        self._fill_words(found)
        for key, count in (("volunteers", found.users), ("with_credit", found.with_credit), ("active", found.active), ("hosts", found.hosts)):
            self._stats[key].fill(window_words.count(count))
        self._stats["hosts"].setVisible(found.hosts > 0)
        self.map_card.fill(found)
        self.joined.fill(words.joined_chart(found))


def _trouble(told: CommunityView | T4TError) -> str:
    """Why there is nothing newer; empty if that is not known. What usually helps is left out: here nothing is tried again by itself."""
    if isinstance(told, T4TError):
        found = notice(told, in_window=True)
    elif told.trouble is not None:
        found = screen.read(told.trouble)
    else:
        return ""
    return " ".join(part for part in (f"{found.title}.", found.body) if part)


def _is_metered(told: CommunityView | T4TError) -> bool:
    """Whether it was not fetched only because the network costs."""
    code = told.code if isinstance(told, T4TError) else "" if told.trouble is None else told.trouble.code
    return code == MeteredLink.code
