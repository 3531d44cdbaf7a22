"""The visual language: tokens, what follows the system's scheme, icons. No other module has a colour, a distance or a style of its own."""
