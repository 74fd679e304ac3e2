"""How it is done: Temporal activities over small Protocols."""
