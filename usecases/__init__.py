"""WHAT IS ASKED: one request a file, the same from every door."""
