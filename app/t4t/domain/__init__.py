"""Values and decisions; nothing here does I/O, reads a clock, or knows threads, asyncio or Qt."""
