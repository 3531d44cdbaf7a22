"""The part of the verbs' services that removes everything, for tests of other verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from t4t.domain.removal import Part, Removal, Removed


class NothingToRemove:
    """Nobody asks it."""

    def removal(self) -> Removal:
        raise NotImplementedError

    def remove(self, keep: Collection[Part], tell: Callable[[Part], None]) -> Removed:
        raise NotImplementedError(keep, tell)
