"""What this computer is and can: one probe a system, each on surroundings that a test can replace by those of a recorded machine."""
