"""The handoff to sales: who gets a lead, and when they must act."""
