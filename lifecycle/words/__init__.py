"""How a lead is described to people."""
