"""Projects that say what a test tells them, behind the real API server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from t4t.domain.boards import Boards, BoardsView, Thread
from t4t.domain.community import DAYS, Community, CommunityView, Country, Standing
from t4t.domain.credit import CreditDay, TeamDay
from t4t.domain.project_errors import NotAttached
from t4t.domain.project_view import NewsView, ProjectDetails, ProjectView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.errors import T4TError
    from t4t.domain.project import ProjectConfig
    from t4t.domain.project_view import Keep

URL = "https://lhcathome.example.org/lhcathome/"


def a_project(**changes: Any) -> ProjectView:
    """A project that gave credit."""
    project = ProjectView(
        url=URL,
        name="LHC@home",
        user="Ada",
        team="Physics class 10b",
        host=7,
        user_total=412_345.0,
        user_recent=1234.0,
        host_total=98_765.0,
        team_total=2_345_678.0,
        team_recent=5_432.0,
        held=2,
        fetching=1,
    )
    return msgspec.structs.replace(project, **changes)


def news(count: int = 3) -> tuple[NewsView, ...]:
    """Notices, the first one read already."""
    return tuple(
        NewsView(
            id=f"n{number}",
            title=f"A new calculation begins ({number})",
            text="From today on the virtual machines compute Z bosons at 13.6 TeV.\nYou need not do anything.",
            time=1_790_000_000.0 + number * 86_400,
            links=("https://lhcathome.example.org/news",) if number else (),
            read=number == 0,
        )
        for number in range(count)
    )


def credit(days: int = 40) -> tuple[CreditDay, ...]:
    """What a project said of each day until now."""
    now = int(time.time() // 86_400)
    return tuple(
        CreditDay(
            day=now - days + 1 + number,
            at=(now - days + 1 + number) * 86_400.0,
            user_total=400_000.0 + number * 900 + number % 7 * 300,
            user_recent=1200.0,
            host_total=90_000.0 + number * 220 + number % 5 * 90,
            host_recent=300.0,
        )
        for number in range(days)
    )


_PEOPLE = {
    "United States": 214_300,
    "Germany": 128_400,
    "": 96_200,
    "International": 74_900,
    "France": 61_300,
    "United Kingdom": 58_800,
    "Japan": 41_200,
    "Canada": 33_700,
    "Poland": 29_400,
    "Italy": 27_900,
    "Russia": 24_100,
    "Czech Republic": 21_700,
    "Spain": 20_600,
    "Netherlands": 19_300,
    "Australia": 18_800,
    "Switzerland": 17_900,
    "China": 15_500,
    "Sweden": 12_700,
    "Brazil": 11_900,
    "Finland": 10_400,
    "Korea, South": 9_100,
    "India": 8_700,
    "Norway": 6_600,
    "Argentina": 4_300,
    "South Africa": 3_100,
    "New Zealand": 2_900,
    "Mexico": 2_400,
    "Chile": 1_100,
    "Iceland": 620,
    "Singapore": 580,
    "Malta": 140,
    "Kenya": 96,
    "Mongolia": 12,
    "Greenland": 7,
}


def a_community(**changes: Any) -> Community:
    """About a million volunteers."""
    countries = tuple(Country(name=name, users=users, total=users * 41_000.0, recent=users * 3.2) for name, users in _PEOPLE.items())
    everybody = sum(_PEOPLE.values())
    made = Community(
        at=time.time() - 86_400,
        users=everybody,
        with_credit=everybody * 8 // 10,
        active=everybody // 9,
        total=everybody * 41_000.0,
        recent=everybody * 3.2,
        new=tuple(60 + number * number % 53 + number for number in range(DAYS)),
        countries=countries,
        hosts=everybody * 3 // 2,
        standing=Standing(total=412_345.0, recent=1234.0, by_total=1204, by_recent=877),
    )
    return msgspec.structs.replace(made, **changes)


def some_boards(**changes: Any) -> Boards:
    """Seven threads of three boards; one with much that is not ours to trust."""
    told = (
        ("How long does a Theory task take here?", "Theory Application", "About three hours on my old laptop, and the progress is shown in the window now."),
        ("Z bosons & jets: which plots are mine?", "Science", "Look at the page Science; the ones with the blue line are of your own collisions."),
        ("VirtualBox 7.2 on Debian", "Questions and problems", "It works since the last update."),
        ("Team of the month", "Cafe LHC", ""),
        ("Quiet fans, please", "Cafe LHC", "Try the setting Gentle."),
        ("Hello from Kenya", "Cafe LHC", "New here, and happy to help."),
        ("<b>x</b>" + "https://lhcathome.example.org/" + "a" * 90, "Number crunching", "See https://lhcathome.example.org/" + "very-long-address/" * 8),
    )
    threads = tuple(
        Thread(title=title, board=board, text=text, link=f"{URL}forum_thread.php?id={number}", time=time.time() - 3600 * (1 + number * number))
        for number, (title, board, text) in enumerate(told, 1)
    )
    return msgspec.structs.replace(Boards(at=time.time() - 60, boards=4, threads=threads), **changes)


def team_credit(days: int = 20) -> tuple[TeamDay, ...]:
    """Of the team of `a_project`, each day until now."""
    now = int(time.time() // 86_400)
    return tuple(
        TeamDay(day=now - days + 1 + one, at=(now - days + 1 + one) * 86_400.0, team="Physics class 10b", total=2e6 + one * 5100.0, recent=5000.0)
        for one in range(days)
    )


class ScriptedProjects:
    """`t4t.engine.server.ProjectCommands`, as far as the window asks for it."""

    def __init__(self) -> None:
        self.told: list[ProjectDetails] = []
        self.asked: list[str] = []
        self.refuse_with: T4TError | None = None
        self.known = CommunityView()
        """Of everybody, without asking."""
        self.fetched: CommunityView | None = None
        """What asking brings; None: what is known."""
        self.boards_known = BoardsView()
        self.asked_boards: list[str] = []
        self.new_threads: BoardsView | None = None
        """As `fetched`."""

    def details(self) -> list[ProjectDetails]:
        return self.told

    def mark_read(self, ids: Sequence[str]) -> None:
        self.asked.append(f"read {' '.join(sorted(ids))}")
        self.told = [
            msgspec.structs.replace(one, news=tuple(msgspec.structs.replace(item, read=item.read or item.id in ids) for item in one.news)) for one in self.told
        ]

    def unlock(self, passphrase: str) -> None:
        raise NotAttached(address="")

    def keys_changed(self) -> None:
        """Nothing had no key."""

    async def attach(self, config: ProjectConfig, key: str, keep: Keep, *, host_cpid: str = "") -> ProjectDetails:
        raise NotAttached(address=config.master_url)

    async def demo(self, *, on: bool) -> list[ProjectDetails]:
        self.asked.append(f"demo {on}")
        return self.told

    async def update(self, address: str) -> ProjectDetails:
        self.asked.append(f"update {address}")
        if self.refuse_with is not None:
            raise self.refuse_with
        return self.told[0]

    async def community(self, address: str, *, fetch: bool, agreed: bool) -> CommunityView:
        self.asked.append(f"community {address} {fetch} {agreed}")
        if self.refuse_with is not None:
            raise self.refuse_with
        if fetch and self.fetched is not None:
            self.known = self.fetched
        return self.known

    async def boards(self, address: str, *, fetch: bool) -> BoardsView:
        self.asked_boards.append(f"{address} {fetch}")
        if self.refuse_with is not None:
            raise self.refuse_with
        if fetch and self.new_threads is not None:
            self.boards_known = self.new_threads
        return self.boards_known

    async def detach(self, address: str, *, force: bool = False) -> str:
        raise NotAttached(address=address)
