"""What desk and board share: pages, sessions, signing in."""
