"""Files of ours: paths, locks, durable state."""
