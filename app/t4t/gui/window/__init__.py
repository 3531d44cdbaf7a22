"""The window: a process of its own, a client of the local API, gone when it is closed."""
