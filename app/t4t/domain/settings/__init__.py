"""The volunteer's settings: one typed tree (`tree`), read as data (`fields`), chosen for a computer (`presets`), changed, compared and undone (`changing`)."""
