"""What things are: immutable values, without I/O and without rules."""
