"""Who asks: HTTP from the outside."""
