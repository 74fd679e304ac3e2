"""Where rows are kept: SQLite and PostgreSQL."""
