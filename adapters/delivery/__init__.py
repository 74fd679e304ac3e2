"""Servers that take mail and chat messages, and the catcher that takes ours."""
