"""What host and guest exchange: shared folder, floppy, config ISO, heartbeat, completion, web app probe."""
