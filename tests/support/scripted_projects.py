"""Projects that say what a test tells them, behind the real API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from t4t.domain.community import CommunityView
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


class ScriptedProjects:
    """`t4t.engine.server.ProjectCommands`, as far as the window asks for it."""

    def __init__(self) -> None:
        self.told: list[ProjectDetails] = []
        self.asked: list[str] = []
        self.refuse_with: T4TError | None = None

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
        return CommunityView()

    async def detach(self, address: str, *, force: bool = False) -> str:
        raise NotAttached(address=address)
