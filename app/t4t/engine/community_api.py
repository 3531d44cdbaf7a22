"""The community's part of the local API: all volunteers of a project, and what they talk about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, assert_never

from t4t.api.messages import BoardsParams, CommunityParams

if TYPE_CHECKING:
    from t4t.domain.boards import BoardsView
    from t4t.domain.community import CommunityView


class CommunityCommands(Protocol):
    """What the API offers of a project's community."""

    async def community(self, address: str, *, fetch: bool, agreed: bool) -> CommunityView:
        """All of its volunteers, as it publishes."""
        ...

    async def boards(self, address: str, *, fetch: bool) -> BoardsView:
        """What is new on its message boards."""
        ...


async def answer(commands: CommunityCommands, params: CommunityParams | BoardsParams) -> CommunityView | BoardsView:
    """Ask for one of them; it may take minutes."""
    match params:
        case CommunityParams():
            return await commands.community(params.project, fetch=params.fetch, agreed=params.agreed)
        case BoardsParams():
            return await commands.boards(params.project, fetch=params.fetch)
        case _:
            assert_never(params)
