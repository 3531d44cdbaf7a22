"""A BOINC client: attached projects, and their tasks from the scheduler's reply to the acknowledgement of their report. Joins `project` and `engine`."""
