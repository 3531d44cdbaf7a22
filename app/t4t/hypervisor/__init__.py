"""Everything that drives a VM, behind one contract."""
