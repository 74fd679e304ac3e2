"""What changes a lead: events, acts, due items."""
