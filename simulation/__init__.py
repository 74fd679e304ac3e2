"""What if: scenarios on a virtual clock over the rules."""
