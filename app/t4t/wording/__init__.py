"""Errors and reasons in words; the only place with sentences for people."""
