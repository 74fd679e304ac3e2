"""Who asks: the HTTP doors, and mail that comes in."""
