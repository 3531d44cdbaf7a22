"""The requests by which the volunteer holds the work back or lets it run, by hand and for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from t4t.api.messages import AnywayParams, LessParams, PauseParams

if TYPE_CHECKING:
    from t4t.domain.session import SessionView
    from t4t.engine.server import Commands


async def answer(commands: Commands, params: PauseParams | AnywayParams | LessParams) -> SessionView:
    """Do it. Raises what the engine does."""
    match params:
        case PauseParams(kind=pause):
            return await commands.pause(pause)
        case AnywayParams(kind=anyway):
            return await commands.run_anyway(anyway)
        case LessParams(kind=less):
            return await commands.use_less(less)
        case _:
            assert_never(params)
