"""Made-up people for demonstrations: prospects and sales people."""
