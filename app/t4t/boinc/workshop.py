"""The engine as projects see it: made before it, because each needs the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t.domain.session import SessionView
    from t4t.domain.vm import Capabilities
    from t4t.engine.engine import Engine


class Shop:
    """See `t4t.boinc.surroundings.Workshop`; closed until an engine is there."""

    def __init__(self) -> None:
        """Closed."""
        self._engine: Engine | None = None

    def opens(self, engine: Engine) -> None:
        """From now on this is what computes."""
        self._engine = engine

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
