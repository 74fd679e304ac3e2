"""The handoff to sales: who gets a lead, and by when they must act."""
