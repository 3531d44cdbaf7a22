"""The program that a test starts: that of the checkout, or (``make bundle-check``) the one in a bundle."""

from __future__ import annotations

import os
import sys
from typing import Final

PROGRAM: Final = (os.environ["T4T_PROGRAM"],) if "T4T_PROGRAM" in os.environ else (sys.executable, "-m", "t4t")
