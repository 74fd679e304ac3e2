"""How people start it: the commands, one file per kind of user."""
