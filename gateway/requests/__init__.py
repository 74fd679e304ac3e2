"""What all routes share: problem documents and limits."""
