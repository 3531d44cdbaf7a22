"""The first run: from a welcome to the first result."""
