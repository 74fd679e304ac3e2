"""What should happen: pure rules. `now` is an argument; no I/O, no Temporal."""
