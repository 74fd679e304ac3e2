"""Nurture: tracks, sending, consent, suppression."""
