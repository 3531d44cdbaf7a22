"""Verbs of the command line; they get what they need from bootstrap."""
