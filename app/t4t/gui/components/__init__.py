"""Parts that windows are built of; each takes its colours from one palette and knows no window."""
