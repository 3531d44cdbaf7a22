"""Newer versions of the program itself: asked for, verified, put in place, tried, and taken back where they don't work.

`t4t.domain.app_update` decides. The agent imports `installation` and `book` alone; what loads python-tuf is a process of a moment.
"""
