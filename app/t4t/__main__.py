"""``python -m t4t`` is the command ``t4t``."""

import sys

from t4t.bootstrap import main

if __name__ == "__main__":
    sys.exit(main())
