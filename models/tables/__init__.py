"""What the database keeps: one class a table (SQLModel), for SQLite and PostgreSQL."""
