"""What the numbers are: reports as pure functions over the lives of leads."""
