"""What this computer's user, programs and hardware are doing: sensors, one protocol, an implementation for each system, and what brings them together."""
