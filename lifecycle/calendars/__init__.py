"""Local time and open hours."""
