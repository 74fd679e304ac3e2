"""Programs, teams and leads, read from files."""
