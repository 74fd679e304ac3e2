"""What lists and figures read from the database."""
