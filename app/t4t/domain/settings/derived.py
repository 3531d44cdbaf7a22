"""What parts of the program need of the settings, in their own units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.policy import Settings

if TYPE_CHECKING:
    from t4t.domain.settings.tree import Tree

_MINUTE_S: Final = 60.0
_GIB: Final = 1 << 30


def decisions(tree: Tree) -> Settings:
    """As decisions need them."""
    return Settings(
        pause_grace_s=tree.resources.save_after_min * _MINUTE_S,
        min_free_bytes=round(tree.resources.disk_free_gib * _GIB),
        max_disk_bytes=round(tree.resources.disk_max_gib * _GIB),
        checkpoint_s=tree.resources.checkpoint_min * _MINUTE_S,
        tasks=tree.resources.tasks,
        gentle_percent=tree.when.gentle_percent,
        min_free_memory_mib=tree.resources.memory_free_mib,
        when=tree.when,
    )
