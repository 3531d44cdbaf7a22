"""Test4Theory Desktop: LHC collision simulation on volunteers' computers."""

__version__ = "0.1.0"
