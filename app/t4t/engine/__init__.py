"""Carries tasks to their end with a driver, within the volunteer's wishes."""
