"""Where keys are kept, as those see it who need one."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Vault(Protocol):
    """A place for secrets, by name. Calls may wait for a person: make them in a thread."""

    def get(self, name: str) -> str | None:
        """The secret, or None if there is none."""
        ...

    def put(self, name: str, secret: str) -> None:
        """Keep it."""
        ...

    def remove(self, name: str) -> None:
        """Forget it; nothing happens if there is none."""
        ...
