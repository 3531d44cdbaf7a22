"""The guest's own pages, which the job in the virtual machine serves on a port of 127.0.0.1: following where they are, and ways to show them."""
