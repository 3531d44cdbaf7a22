"""``python -m t4t`` is the command ``t4t``."""
