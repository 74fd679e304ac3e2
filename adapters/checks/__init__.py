"""What can be wrong in a program: each file looks for one kind of mistake."""
