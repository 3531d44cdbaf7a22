"""The agent itself with a shorter time between checkpoints: ``python -m support.quick_agent SECONDS`` and the words of ``t4t``."""

from __future__ import annotations

import functools
import sys

from t4t import bootstrap
from t4t.bootstrap import agent
from t4t.domain.policy import Settings


def main() -> int:
    """Until it is asked to quit."""
    vars(agent)["Settings"] = functools.partial(Settings, checkpoint_s=float(sys.argv[1]))
    return bootstrap.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
