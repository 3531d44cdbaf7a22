"""The agent itself with a shorter time between checkpoints: ``python -m support.quick_agent SECONDS`` and the words of ``t4t``."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

from t4t import bootstrap
from t4t.bootstrap import settings
from t4t.domain.settings.derived import decisions

if TYPE_CHECKING:
    from t4t.domain.policy import Settings
    from t4t.domain.settings.tree import Tree


def main() -> int:
    """Until it is asked to quit."""

    def quick(tree: Tree) -> Settings:
        return dataclasses.replace(decisions(tree), checkpoint_s=float(sys.argv[1]))

    vars(settings)["decisions"] = quick
    return bootstrap.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
