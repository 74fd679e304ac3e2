"""What recipients of mail reach: tracked links, unsubscribing, preferences."""
