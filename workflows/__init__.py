"""When it is done: Temporal workflows, thin shells that stay the same for years."""
