"""The physics' part of the local API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from t4t.api.messages import PhysicsParams, ResultParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.api.messages import Params
    from t4t.domain.physics import Physics, Result, ResultDetails

METHODS: Final = frozenset({"physics", "results", "result"})


class PhysicsCommands(Protocol):
    """What the API offers of the physics."""

    async def physics(self, task: str, plots: int, *, collision: bool = False) -> Physics:
        """See `LivePhysics`."""
        ...

    async def results(self) -> Sequence[Result]:
        """See `LivePhysics`."""
        ...

    async def result(self, name: str) -> ResultDetails:
        """See `LivePhysics`."""
        ...


async def answer(commands: PhysicsCommands, params: Params) -> Physics | Sequence[Result] | ResultDetails:
    """Do what one of `METHODS` asks for."""
    match params:
        case PhysicsParams():
            return await commands.physics(params.task, params.plots, collision=params.collision)
        case ResultParams():
            return await commands.result(params.id)
        case _:
            return await commands.results()
