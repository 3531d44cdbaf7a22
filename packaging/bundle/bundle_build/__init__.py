"""Parts of the build of the bundle."""
