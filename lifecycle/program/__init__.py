"""A program made ready to be asked: rules, expressions, profiles."""
