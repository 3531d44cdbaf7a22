"""Builds the reference appliance without root: kernel, root tree, disk image, ISO and manifest."""
