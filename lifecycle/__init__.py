"""What should happen: pure rules. The time is an argument; there is no I/O and no Temporal."""
