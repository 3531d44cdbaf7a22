"""The engine as projects see it: made before it, because each needs the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.session import SessionView
    from t4t.domain.vm import Capabilities
    from t4t.engine.engine import Engine


def _nothing() -> None:
    """Nobody listens."""


class Shop:
    """See `t4t.boinc.surroundings.Workshop`; closed until an engine is there."""

    def __init__(self) -> None:
        """Closed."""
        self._engine: Engine | None = None
        self._before: tuple[object, ...] = ()
        self._listener: Callable[[], None] = _nothing

    def opens(self, engine: Engine) -> None:
        """From now on this is what computes."""
        self._engine = engine
        engine.subscribe(self._seen)

    def listen(self, listener: Callable[[], None]) -> None:
        """See `Workshop.listen`."""
        self._listener = listener

    def _seen(self, view: SessionView) -> None:
        """Of all that changes, what decides how much work is wanted."""
        now = (view.hypervisor, view.level, view.finishing)
        if now != self._before:
            self._before = now
            self._listener()

    @property
    def view(self) -> SessionView | None:
        """See `Workshop.view`."""
        return None if self._engine is None else self._engine.latest

    @property
    def capabilities(self) -> Capabilities | None:
        """See `Workshop.capabilities`."""
        return None if self._engine is None else self._engine.capabilities

    def scan(self) -> None:
        """See `Workshop.scan`."""
        if self._engine is not None:
            self._engine.scan()

    def quit(self) -> None:
        """See `Workshop.quit`."""
        if self._engine is not None:
            self._engine.quit()
