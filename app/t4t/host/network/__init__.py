"""The ways out of this computer: who tells that they may have changed, and how they are found."""
