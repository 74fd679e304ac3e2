"""What an edit changes for leads in flight."""
