"""Who tells of the end of the session, of sleep, of the user and the battery, and who makes the system wait: one module a system."""
