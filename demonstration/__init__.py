"""The demonstration's people: they act on a running stack by HTTP, mail and Temporal."""
