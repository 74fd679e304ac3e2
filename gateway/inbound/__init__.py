"""Mail that comes back: bounces, complaints, replies."""
