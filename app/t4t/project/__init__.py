"""A BOINC project's servers: what is said to them, what they answer, and what follows from it."""
