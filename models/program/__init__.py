"""The program: what marketing writes in YAML, as an immutable value."""
