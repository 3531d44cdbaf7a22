"""Parts of the build of the VirtualBox laboratory."""
