"""A YAML file with the place of every value, so that an error can point at its line."""
