"""The computer under us; no Qt, so that the headless agent has it too."""
