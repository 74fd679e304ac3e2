"""A program compiled for the rules: rulebook, expressions, profiles."""
